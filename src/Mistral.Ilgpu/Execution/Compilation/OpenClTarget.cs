using System.Text.RegularExpressions;
using Mistral.Ilgpu.Kernels.Hardware.Amd;

namespace Mistral.Ilgpu.Execution.Compilation;

/// <summary>
/// Adapts ILGPU's OpenCL C to a device. ILGPU's barriers order only global memory, but groups exchange data in local memory.
/// A compiler may then drop the wait between a write and the barrier. No group here exchanges data in global memory, and
/// ordering it is slow on some devices. Kernels made of waves get the functions that their statements call. Structs in local
/// memory are aligned to 16 bytes, because compilers otherwise load them field by field. So are numbers that waves read as packs.
/// </summary>
internal static partial class OpenClTarget
{
    // The first versions of OpenCL C have only this name for barriers.
    private const string LocalBarrier = "barrier(CLK_LOCAL_MEM_FENCE)";

    private const string Aligned = "$1__attribute__((aligned(16))) $2";

    /// <param name="waves">What the device's compiler accepts for waves.</param>
    public static string For(string source, WaveFeatures waves = WaveFeatures.None)
    {
        source = GlobalBarrier().Replace(source, LocalBarrier);
        source = LocalStructs().Replace(source, Aligned);
        return source.Contains("wave_", StringComparison.Ordinal) ? WithWaves(source, waves) : source;
    }

    private static string WithWaves(string source, WaveFeatures waves)
    {
        bool isEmulated = (waves & (WaveFeatures.Emulated32 | WaveFeatures.Emulated64)) != 0;
        bool hasWidth = waves.HasFlag(WaveFeatures.Width16);
        bool hasMatrices = MatrixPrelude.IsUsed(source);
        string room = isEmulated || hasWidth ? $"\n\t{(hasMatrices ? MatrixPrelude.Room : WavePrelude.Room)}" : "";
        string width = hasWidth ? $"{WavePrelude.Width} " : "";
        string kernel = KernelBegin().Replace(LocalNumbers().Replace(source, Aligned), $"{width}$0{room}");
        string matrices = hasMatrices ? MatrixPrelude.For(source) : "";
        return $"{WaveProbe.Definitions(waves)}{WavePrelude.Functions}\n{WavePrelude.Uneven}\n{matrices}{kernel}";
    }

    [GeneratedRegex(@"\bwork_group_barrier\s*\(\s*CLK_GLOBAL_MEM_FENCE\s*\)")]
    private static partial Regex GlobalBarrier();

    [GeneratedRegex(@"^(\s*local\s+)(struct\s.+\[\d+\];)", RegexOptions.Multiline)]
    private static partial Regex LocalStructs();

    [GeneratedRegex(@"^(\s*local\s+)(int\s+\w+\[\d+\];)", RegexOptions.Multiline)]
    private static partial Regex LocalNumbers();

    [GeneratedRegex(@"\bkernel\s+void\s+\w+\s*\([^{;]*\)\s*\{")]
    private static partial Regex KernelBegin();
}
