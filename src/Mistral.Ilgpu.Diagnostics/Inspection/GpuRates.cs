using Mistral.Ilgpu.Execution.Devices;
using Mistral.Ilgpu.Execution.Families;
using Mistral.Ilgpu.Model;
using Mistral.Ilgpu.Planning;

namespace Mistral.Ilgpu.Diagnostics.Inspection;

/// <summary>The peak rates of a GPU, as published or measured.</summary>
/// <param name="GigabytesPerSecond">Memory bandwidth.</param>
/// <param name="TeraflopsPerSecond">Dense 16-bit products with sums in float32, by <c>mma.sync</c>.</param>
/// <param name="PromptTeraflopsPerSecond">The same for products of prompts, by <c>wgmma</c> if the GPU has it.</param>
/// <param name="Multiprocessors">The number of multiprocessors.</param>
internal sealed record GpuRates(
    string Name, double GigabytesPerSecond, double TeraflopsPerSecond, double PromptTeraflopsPerSecond, int Multiprocessors)
{
    /// <summary>
    /// H100 SXM: 3,350 GB/s, and 1,979 TFLOP/s with sparsity, half without. <c>mma.sync</c> is assumed to reach 62.9 % of that
    /// (Luo et al., arXiv 2402.13499; only <c>wgmma</c> reaches the rest). RTX 4090: 1,008 GB/s and 165.2 TFLOP/s.
    /// These are published figures, from other sources than the vendor.
    /// H200: measured by PyTorch. A copy reaches 4.3 TB/s, counting reads and writes; products of bfloat16 reach 770 to 798
    /// TFLOP/s,
    /// of which this is the middle. Its <c>mma.sync</c> is assumed to equal the H100's, because it has the same multiprocessors.
    /// </summary>
    public static IReadOnlyList<GpuRates> Known { get; } =
        [new("H200", 4300, 622, 784, 132), new("H100 SXM", 3350, 622, 989, 132), new("RTX 4090", 1008, 165, 165, 128)];

    /// <summary>
    /// The time between two kernels of a recorded pass in microseconds: the middle of the 1.5 to 2 reported for such GPUs.
    /// </summary>
    public const double GapMicroseconds = 1.75;

    /// <summary>The least time that a step can take, in microseconds.</summary>
    public double MicrosecondsOf(ExpectedStep step) => Math.Max(
        step.Cost.Bytes / (GigabytesPerSecond * 1e3),
        step.Cost.Operations / ((step.IsPromptProduct ? PromptTeraflopsPerSecond : TeraflopsPerSecond) * 1e6));
}
