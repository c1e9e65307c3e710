using System.Globalization;
using System.Text.RegularExpressions;
using ILGPU.Runtime.Cuda;

namespace Mistral.Ilgpu.Execution.Compilation;

/// <summary>
/// Adapts ILGPU's PTX to a device. ILGPU's newest target is sm_80, for which the assembler refuses instructions of sm_90.
/// Kernels contain such instructions for all devices (see <see cref="Predecessor"/>); they are removed for older ones.
/// Products of four bytes at once are spelled out for the oldest.
/// Whether lines are prefetched in bulk, is a constant of the target (see <see cref="PrefetchedRows.HasBulk"/>).
/// </summary>
internal static partial class PtxTarget
{
    /// <summary>The first architecture whose kernels may start before the previous kernel has ended: sm_90.</summary>
    public const int Hopper = 90;

    // The first architecture that multiplies four bytes at once: sm_61.
    private const int Dp4aArchitecture = 61;

    private const int BulkVersion = 8;

    public static string For(CudaArchitecture architecture, string ptx)
    {
        int number = (architecture.Major * 10) + architecture.Minor;
        string prefetching = WithPrefetches(number, ptx);
        return number < Dp4aArchitecture
            ? GridControl().Replace(Dp4a().Replace(prefetching, ByteByByte), "")
            : ForNewer(number, prefetching);
    }

    private static string ForNewer(int architecture, string ptx) => MultipliesByWarpgroups(ptx)
        // The instruction exists only on Hopper; no later architecture has it.
        ? Target().Replace(InPairs(WithTensorMaps(ptx)), ".target sm_90a")
        : !AwaitsPredecessor(ptx)
        ? ptx
        : architecture >= Hopper ? Target().Replace(ptx, ".target sm_90") : GridControl().Replace(ptx, "");

    // PTX knows how a kernel acquires a tensor map from version 8.3 on, which drivers of CUDA 12.3 understand. Kernels with one
    // are loaded by these alone.
    private static string WithTensorMaps(string ptx) =>
        ptx.Contains("fence.proxy.tensormap", StringComparison.Ordinal) && ptx.Contains(".version 8.0", StringComparison.Ordinal)
            ? ptx.Replace(".version 8.0", ".version 8.3", StringComparison.Ordinal) : ptx;

    // ILGPU has no clusters. A kernel that asks how large its own is has one of two groups.
    private static string InPairs(string ptx) => ptx.Contains("%cluster_nctarank", StringComparison.Ordinal)
        ? GroupBounds().Replace(ptx, "$0\n.explicitcluster\n.reqnctapercluster 2, 1, 1", 1) : ptx;

    // PTX knows the instruction from version 8.0 on, which drivers of CUDA 12 understand.
    private static string WithPrefetches(int architecture, string ptx)
    {
        bool has = architecture >= Hopper && Version().Match(ptx) is { Success: true } version
            && int.Parse(version.Groups["major"].ValueSpan, CultureInfo.InvariantCulture) >= BulkVersion;
        string chosen = ptx.Replace(PrefetchedRows.HasBulkName, has ? "1" : "0", StringComparison.Ordinal);
        return has ? chosen : BulkPrefetch().Replace(chosen, "");
    }

    /// <summary>The assembler's name of the architecture that the PTX needs; <paramref name="architecture"/> is 90 for
    /// sm_90.</summary>
    public static string NameFor(int architecture, string ptx) => $"sm_{architecture}{(MultipliesByWarpgroups(ptx) ? "a" : "")}";

    /// <summary>Whether the kernel itself waits for the end of the previous kernel, and may thus be launched earlier.</summary>
    public static bool AwaitsPredecessor(string ptx) => ptx.Contains("griddepcontrol.wait", StringComparison.Ordinal);

    // The same sum in instructions that every architecture has.
    private static string ByteByByte(Match dp4a)
    {
        string Operand(string name) => dp4a.Groups[name].Value;
        var bytes = Enumerable.Range(0, sizeof(uint)).Select(i =>
            $" bfe.{Operand("type")} a, {Operand("a")}, {8 * i}, 8;"
            + $" bfe.s32 b, {Operand("b")}, {8 * i}, 8; mad.lo.s32 sum, a, b, sum;");
        return $"\t{{ .reg .b32 a, b, sum; mov.b32 sum, {Operand("c")};{string.Concat(bytes)} mov.b32 {Operand("sum")}, sum; }}";
    }

    private static bool MultipliesByWarpgroups(string ptx) => ptx.Contains("wgmma.", StringComparison.Ordinal);

    [GeneratedRegex(@"^\.minnctapersm \d+", RegexOptions.Multiline)]
    private static partial Regex GroupBounds();

    [GeneratedRegex(@"^\.target sm_\d+", RegexOptions.Multiline)]
    private static partial Regex Target();

    [GeneratedRegex(
        @"^[ \t]*dp4a\.(?<type>[su]32)\.s32\s+(?<sum>[^,\s]+), (?<a>[^,\s]+), (?<b>[^,\s]+), (?<c>[^;\s]+);",
        RegexOptions.Multiline)]
    private static partial Regex Dp4a();

    [GeneratedRegex(@"^\.version (?<major>\d+)\.", RegexOptions.Multiline)]
    private static partial Regex Version();

    [GeneratedRegex(@"^\s*cp\.async\.bulk\.prefetch\..*;\r?\n", RegexOptions.Multiline)]
    private static partial Regex BulkPrefetch();

    [GeneratedRegex(@"^\s*griddepcontrol\.\w+;\r?\n", RegexOptions.Multiline)]
    private static partial Regex GridControl();
}
