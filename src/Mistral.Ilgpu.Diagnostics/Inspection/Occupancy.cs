namespace Mistral.Ilgpu.Diagnostics.Inspection;

/// <summary>The part of a multiprocessor that groups of a kernel can fill.</summary>
/// <param name="Groups">Resident groups.</param>
/// <param name="Warps">Resident warps.</param>
/// <param name="MostWarps">The most warps that the multiprocessor can hold.</param>
/// <param name="Limit">The resource that limits the number: registers, shared memory, warps or groups.</param>
internal sealed record Occupancy(int Groups, int Warps, int MostWarps, string Limit)
{
    private const int WarpSize = 32;

    // Registers are allocated to a warp in units of 256, to four warps at a time; shared memory in units of 128 bytes.
    private const int RegisterUnit = 256;
    private const int WarpUnit = 4;
    private const int SharedUnit = 128;

    // Reserved by the system in each group's shared memory, from sm_80 on.
    private const int ReservedBytes = 1024;

    /// <summary>The occupancy of a kernel on an architecture; null if the architecture is not known here.</summary>
    /// <param name="threads">Threads of a group.</param>
    public static Occupancy? Of(PtxResources resources, int threads, int architecture)
    {
        if (Multiprocessor.Of(architecture) is not { } has)
        {
            return null;
        }

        int warps = (threads + WarpSize - 1) / WarpSize;
        int perWarp = RoundUp(resources.Registers * WarpSize, RegisterUnit);
        int warpsByRegisters = Multiprocessor.Registers / perWarp / WarpUnit * WarpUnit;
        int shared = RoundUp(resources.SharedBytes + (architecture >= 80 ? ReservedBytes : 0), SharedUnit);
        (int Groups, string Limit)[] limits =
        [
            (has.Warps / warps, "warps"),
            (warpsByRegisters / warps, "registers"),
            (shared == 0 ? int.MaxValue : has.SharedBytes / shared, "shared memory"),
            (has.Groups, "groups"),
        ];
        var (groups, limit) = limits.MinBy(entry => entry.Groups);
        return new Occupancy(groups, groups * warps, has.Warps, limit);
    }

    private static int RoundUp(int value, int unit) => (value + unit - 1) / unit * unit;
}
