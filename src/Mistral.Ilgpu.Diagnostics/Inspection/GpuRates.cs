using Mistral.Ilgpu.Execution.Devices;
using Mistral.Ilgpu.Execution.Families;
using Mistral.Ilgpu.Model;
using Mistral.Ilgpu.Planning;

namespace Mistral.Ilgpu.Diagnostics.Inspection;

/// <summary>What a GPU does at most, as its maker says or as was measured.</summary>
/// <param name="GigabytesPerSecond">Of its memory.</param>
/// <param name="TeraflopsPerSecond">16-bit products, dense, sums in float32, as <c>mma.sync</c> reaches them.</param>
/// <param name="PromptTeraflopsPerSecond">The same of products of prompts, which go by <c>wgmma</c> where there is such.</param>
/// <param name="Multiprocessors">How many it has.</param>
internal sealed record GpuRates(
    string Name, double GigabytesPerSecond, double TeraflopsPerSecond, double PromptTeraflopsPerSecond, int Multiprocessors)
{
    /// <summary>
    /// H100 SXM: 3,350 GB/s and 1,979 TFLOP/s with sparsity, half without, of which <c>mma.sync</c> is taken to reach 62.9 %
    /// (after Luo et al., arXiv 2402.13499: the rest is for <c>wgmma</c>). RTX 4090: 1,008 GB/s and 165.2 TFLOP/s. As published
    /// by others than the makers. H200: measured on one by PyTorch, a copy at 4.3 TB/s, reads and writes counted, and 770 to 798
    /// TFLOP/s of bfloat16, here the middle; its <c>mma.sync</c> is assumed to be the H100's, because the multiprocessors are.
    /// </summary>
    public static IReadOnlyList<GpuRates> Known { get; } =
        [new("H200", 4300, 622, 784, 132), new("H100 SXM", 3350, 622, 989, 132), new("RTX 4090", 1008, 165, 165, 128)];

    /// <summary>What lies between two kernels of a recorded pass, in microseconds: the middle of the 1.5 to 2 that are reported
    /// of such GPUs.</summary>
    public const double GapMicroseconds = 1.75;

    /// <summary>The least time that a step can take, in microseconds.</summary>
    public double MicrosecondsOf(ExpectedStep step) => Math.Max(
        step.Cost.Bytes / (GigabytesPerSecond * 1e3),
        step.Cost.Operations / ((step.IsPromptProduct ? PromptTeraflopsPerSecond : TeraflopsPerSecond) * 1e6));
}
