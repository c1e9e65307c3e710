using System.Text.RegularExpressions;
using ILGPU.Runtime.Cuda;

namespace Mistral.Ilgpu.Execution.Compilation;

/// <summary>
/// Adapts ILGPU's PTX to a device. ILGPU's newest target is sm_80, for which the assembler refuses instructions of sm_90.
/// Kernels contain such instructions for all devices (see <see cref="Predecessor"/>); they are removed for older ones.
/// </summary>
internal static partial class PtxTarget
{
    /// <summary>The first architecture whose kernels may start before the previous kernel has ended: sm_90.</summary>
    public const int Hopper = 90;

    public static string For(CudaArchitecture architecture, string ptx) => MultipliesByWarpgroups(ptx)
        // The instruction exists only on Hopper; no later architecture has it.
        ? Target().Replace(ptx, ".target sm_90a")
        : !AwaitsPredecessor(ptx)
        ? ptx
        : (architecture.Major * 10) + architecture.Minor >= Hopper
            ? Target().Replace(ptx, ".target sm_90") : GridControl().Replace(ptx, "");

    /// <summary>The assembler's name of the architecture that the PTX needs; <paramref name="architecture"/> is 90 for
    /// sm_90.</summary>
    public static string NameFor(int architecture, string ptx) => $"sm_{architecture}{(MultipliesByWarpgroups(ptx) ? "a" : "")}";

    /// <summary>Whether the kernel itself waits for the end of the previous kernel, and may thus be launched earlier.</summary>
    public static bool AwaitsPredecessor(string ptx) => ptx.Contains("griddepcontrol.wait", StringComparison.Ordinal);

    private static bool MultipliesByWarpgroups(string ptx) => ptx.Contains("wgmma.", StringComparison.Ordinal);

    [GeneratedRegex(@"^\.target sm_\d+", RegexOptions.Multiline)]
    private static partial Regex Target();

    [GeneratedRegex(@"^\s*griddepcontrol\.\w+;\r?\n", RegexOptions.Multiline)]
    private static partial Regex GridControl();
}
