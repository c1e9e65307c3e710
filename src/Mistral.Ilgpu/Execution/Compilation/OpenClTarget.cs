using System.Text.RegularExpressions;

namespace Mistral.Ilgpu.Execution.Compilation;

/// <summary>
/// Adapts ILGPU's OpenCL C to a device. ILGPU's barriers order only global memory, but groups exchange data in local memory.
/// A compiler may then drop the wait between a write and the barrier. No group here exchanges data in global memory, and
/// ordering it is slow on some devices.
/// </summary>
internal static partial class OpenClTarget
{
    // The first versions of OpenCL C have only this name for barriers.
    private const string LocalBarrier = "barrier(CLK_LOCAL_MEM_FENCE)";

    public static string For(string source) => GlobalBarrier().Replace(source, LocalBarrier);

    [GeneratedRegex(@"\bwork_group_barrier\s*\(\s*CLK_GLOBAL_MEM_FENCE\s*\)")]
    private static partial Regex GlobalBarrier();
}
