namespace Mistral.Ilgpu.Diagnostics.Inspection;

/// <summary>
/// The resources of a multiprocessor (CUDA C++ Programming Guide, table of technical specifications).
/// </summary>
/// <param name="Warps">The most resident warps.</param>
/// <param name="Groups">The most resident groups.</param>
/// <param name="SharedBytes">Shared memory for all resident groups.</param>
internal sealed record Multiprocessor(int Warps, int Groups, int SharedBytes)
{
    /// <summary>32-bit registers; the same for every architecture here.</summary>
    public const int Registers = 65_536;

    /// <summary>The multiprocessor of sm_N; null if it is not known here.</summary>
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
