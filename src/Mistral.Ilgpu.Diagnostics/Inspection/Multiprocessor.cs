namespace Mistral.Ilgpu.Diagnostics.Inspection;

/// <summary>What one multiprocessor of an architecture has (CUDA C++ Programming Guide, table of technical
/// specifications).</summary>
/// <param name="Warps">Most at a time.</param>
/// <param name="Groups">Most at a time.</param>
/// <param name="SharedBytes">For all its groups.</param>
internal sealed record Multiprocessor(int Warps, int Groups, int SharedBytes)
{
    /// <summary>32-bit registers, of every architecture here.</summary>
    public const int Registers = 65_536;

    /// <summary>That of sm_N; null of one that is not known here.</summary>
    public static Multiprocessor? Of(int architecture) => architecture switch
    {
        70 => new(64, 32, 96 << 10),
        75 => new(32, 16, 64 << 10),
        80 => new(64, 32, 164 << 10),
        86 => new(48, 16, 100 << 10),
        89 => new(48, 24, 100 << 10),
        90 => new(64, 32, 228 << 10),
        _ => null,
    };
}
