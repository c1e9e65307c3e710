using Mistral.Ilgpu.Execution.Devices;
using Mistral.Ilgpu.Execution.Families;
using Mistral.Ilgpu.Model;
using Mistral.Ilgpu.Planning;

namespace Mistral.Ilgpu.Diagnostics.Inspection;

/// <summary>The peak rates of a GPU, as published or measured.</summary>
/// <param name="GigabytesPerSecond">Memory bandwidth.</param>
/// <param name="TeraflopsPerSecond">Dense 16-bit products with sums in float32; of NVIDIA's by <c>mma.sync</c>.</param>
/// <param name="PromptTeraflopsPerSecond">The same for products of prompts, by <c>wgmma</c> if the GPU has it.</param>
/// <param name="Multiprocessors">The number of multiprocessors, compute units or Xe-cores.</param>
/// <param name="GapMicroseconds">The time between two kernels in microseconds; null if no figure for it is known.</param>
internal sealed record GpuRates(
    string Name, double GigabytesPerSecond, double TeraflopsPerSecond, double PromptTeraflopsPerSecond, int Multiprocessors,
    double? GapMicroseconds = null)
{
    /// <summary>
    /// The time between two kernels of a recorded pass of CUDA in microseconds: the middle of the 1.5 to 2 that are reported.
    /// </summary>
    public const double RecordedGapMicroseconds = 1.75;

    /// <summary>
    /// H100 SXM: 3,350 GB/s, and 1,979 TFLOP/s with sparsity, half without. <c>mma.sync</c> is assumed to reach 62.9 % of that
    /// (Luo et al., arXiv 2402.13499; only <c>wgmma</c> reaches the rest). RTX 4090: 1,008 GB/s and 165.2 TFLOP/s.
    /// These are published figures, from other sources than the vendor.
    /// H200: measured by PyTorch. A copy reaches 4.3 TB/s, counting reads and writes; products of bfloat16 reach 770 to 798
    /// TFLOP/s,
    /// of which this is the middle. Its <c>mma.sync</c> is assumed to equal the H100's, because it has the same multiprocessors.
    /// RX 7900 XTX and MI300X: see <see cref="AmdRates.Known"/>.
    /// Arc A770 with 16 GB: 560 GB/s, 32 Xe-cores of 16 matrix engines, 2.1 GHz (Intel's table as svethardware.cz prints it).
    /// A matrix engine does 128 operations in 16 bits in a cycle (Intel, Introduction to the Xe-HPG Architecture, as others
    /// repeat it), which makes 138 TFLOP/s.
    /// </summary>
    public static IReadOnlyList<GpuRates> Known { get; } =
    [
        new("H200", 4300, 622, 784, 132, RecordedGapMicroseconds), new("H100 SXM", 3350, 622, 989, 132, RecordedGapMicroseconds),
        new("RTX 4090", 1008, 165, 165, 128, RecordedGapMicroseconds),
        .. AmdRates.Known.Select(gpu => new GpuRates(
            gpu.Name, gpu.GigabytesPerSecond, gpu.Teraflops, gpu.Teraflops, gpu.ComputeUnits)),
        new("Arc A770", 560, 32 * 16 * 128 * 2.1 / 1e3, 32 * 16 * 128 * 2.1 / 1e3, 32),
    ];

    /// <summary>The least time that a step can take, in microseconds.</summary>
    public double MicrosecondsOf(ExpectedStep step) => Math.Max(
        step.Cost.Bytes / (GigabytesPerSecond * 1e3),
        step.Cost.Operations / ((step.IsPromptProduct ? PromptTeraflopsPerSecond : TeraflopsPerSecond) * 1e6));
}
