namespace Mistral.Ilgpu.Diagnostics.Inspection;

/// <summary>How much of a multiprocessor groups of a kernel can fill at once.</summary>
/// <param name="Groups">Resident at a time.</param>
/// <param name="Warps">Theirs.</param>
/// <param name="MostWarps">That the multiprocessor has room for.</param>
/// <param name="Limit">What there is no more of: registers, shared memory, warps or groups.</param>
internal sealed record Occupancy(int Groups, int Warps, int MostWarps, string Limit)
{
    private const int WarpSize = 32;

    // Registers are given to a warp by 256, and warps get them four at a time; shared memory by 128 bytes.
    private const int RegisterUnit = 256;
    private const int WarpUnit = 4;
    private const int SharedUnit = 128;

    // What the system keeps of each group's shared memory, from sm_80 on.
    private const int ReservedBytes = 1024;

    /// <summary>Of a kernel on an architecture; null where that is not known.</summary>
    /// <param name="threads">Of a group.</param>
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
