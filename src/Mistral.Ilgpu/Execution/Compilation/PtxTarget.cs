using System.Text.RegularExpressions;
using ILGPU.Runtime.Cuda;

namespace Mistral.Ilgpu.Execution.Compilation;

/// <summary>
/// PTX as a device takes it. ILGPU names no newer target than sm_80, where the assembler refuses what sm_90 brought; and kernels
/// say for all devices what only those can do, see <see cref="Predecessor"/>.
/// </summary>
internal static partial class PtxTarget
{
    /// <summary>The first architecture whose kernels may begin before the one before has ended: sm_90.</summary>
    public const int Hopper = 90;

    public static string For(CudaArchitecture architecture, string ptx) => MultipliesByWarpgroups(ptx)
        // Hopper's alone: no later architecture has the instruction.
        ? Target().Replace(ptx, ".target sm_90a")
        : !AwaitsPredecessor(ptx)
        ? ptx
        : (architecture.Major * 10) + architecture.Minor >= Hopper
            ? Target().Replace(ptx, ".target sm_90") : GridControl().Replace(ptx, "");

    /// <summary>What the assembler calls an architecture for which the PTX is, 90 for sm_90.</summary>
    public static string NameFor(int architecture, string ptx) => $"sm_{architecture}{(MultipliesByWarpgroups(ptx) ? "a" : "")}";

    /// <summary>Whether the kernel waits by itself until the one before has ended, and so may be launched earlier.</summary>
    public static bool AwaitsPredecessor(string ptx) => ptx.Contains("griddepcontrol.wait", StringComparison.Ordinal);

    private static bool MultipliesByWarpgroups(string ptx) => ptx.Contains("wgmma.", StringComparison.Ordinal);

    [GeneratedRegex(@"^\.target sm_\d+", RegexOptions.Multiline)]
    private static partial Regex Target();

    [GeneratedRegex(@"^\s*griddepcontrol\.\w+;\r?\n", RegexOptions.Multiline)]
    private static partial Regex GridControl();
}
