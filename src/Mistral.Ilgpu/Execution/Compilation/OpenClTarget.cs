using System.Text.RegularExpressions;

namespace Mistral.Ilgpu.Execution.Compilation;

/// <summary>
/// OpenCL C as a device takes it. ILGPU's barriers order global memory alone, but groups exchange data in local memory: there a
/// compiler may leave out the wait between a write and the barrier. No group here exchanges data in global memory, and to order
/// that costs some devices much.
/// </summary>
internal static partial class OpenClTarget
{
    // The first versions of OpenCL C know barriers by no other name.
    private const string LocalBarrier = "barrier(CLK_LOCAL_MEM_FENCE)";

    public static string For(string source) => GlobalBarrier().Replace(source, LocalBarrier);

    [GeneratedRegex(@"\bwork_group_barrier\s*\(\s*CLK_GLOBAL_MEM_FENCE\s*\)")]
    private static partial Regex GlobalBarrier();
}
