using Mistral.Ilgpu.Execution.Devices;
using Mistral.Ilgpu.Execution.Families;
using Mistral.Ilgpu.Model;
using Mistral.Ilgpu.Planning;

namespace Mistral.Ilgpu.Diagnostics.Inspection;

/// <summary>The peak rates of a GPU, as published or measured.</summary>
/// <param name="GigabytesPerSecond">Memory bandwidth.</param>
/// <param name="TeraflopsPerSecond">Dense 16-bit products with sums in float32; of NVIDIA's by <c>mma.sync</c>.</param>
/// <param name="PromptTeraflopsPerSecond">The same for products and attention of prompts, by <c>wgmma</c> if the GPU has
/// it.</param>
/// <param name="Multiprocessors">The number of multiprocessors, compute units or Xe-cores.</param>
internal sealed record GpuRates(
    string Name, double GigabytesPerSecond, double TeraflopsPerSecond, double PromptTeraflopsPerSecond, int Multiprocessors)
{
    /// <summary>
    /// The time between two kernels of a recorded pass of CUDA in microseconds: the middle of the 1.5 to 2 that are reported.
    /// </summary>
    public const double RecordedGapMicroseconds = 1.75;

    /// <summary>
    /// H100 SXM: 3,350 GB/s, and 1,979 TFLOP/s with sparsity, half without. <c>mma.sync</c> is assumed to reach 62.9 % of that
    /// (Luo et al., arXiv 2402.13499; only <c>wgmma</c> reaches the rest). RTX 4090: 1,008 GB/s and 165.2 TFLOP/s.
    /// RTX 5090: 1,792 GB/s, 209.5 TFLOP/s with sums in float32, 170 multiprocessors.
    /// B200: 8,000 GB/s, 148 multiprocessors. No rate of its <c>mma.sync</c> was found, so each multiprocessor is assumed to
    /// reach that of an H100's; 2,250 TFLOP/s are those of <c>tcgen05</c>, which nothing here uses.
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
        new("H200", 4300, 622, 784, 132) { CacheGigabytesPerSecond = 5600, HasWarpgroups = true },
        new("H100 SXM", 3350, 622, 989, 132)
        {
            MemoryShare = PublishedShare, ProductShare = PublishedShare, CacheGigabytesPerSecond = 5600, HasWarpgroups = true,
        },
        new("RTX 4090", 1008, 165, 165, 128)
        {
            MemoryShare = PublishedShare, ProductShare = PublishedShare, CacheGigabytesPerSecond = 5000,
        },
        new("RTX 5090", 1792, 209.5, 209.5, 170)
        {
            MemoryShare = PublishedShare, ProductShare = PublishedShare, CacheGigabytesPerSecond = 6300,
        },
        new("B200", 8000, 697, 697, 148)
        {
            MemoryShare = PublishedShare, ProductShare = PublishedShare, CacheGigabytesPerSecond = 6600,
        },
        .. AmdRates.Known.Select(gpu => new GpuRates(
            gpu.Name, gpu.GigabytesPerSecond, gpu.Teraflops, gpu.Teraflops, gpu.ComputeUnits)),
        new("Arc A770", 560, 32 * 16 * 128 * 2.1 / 1e3, 32 * 16 * 128 * 2.1 / 1e3, 32),
    ];

    /// <summary>The part of published rates that programs are taken to reach: as the H200's copy reaches 4,300 of 4,800 GB/s.
    /// </summary>
    public const double PublishedShare = 0.9;

    /// <summary>
    /// The time that a kernel takes longer than its bytes or operations, in microseconds, because its first loads wait for memory
    /// and its last groups do not fill the GPU. Assumed: about two latencies of the memory.
    /// </summary>
    public const double RampMicroseconds = 1.5;

    /// <summary>The part of <see cref="GigabytesPerSecond"/> that kernels reach.</summary>
    public double MemoryShare { get; init; } = 1;

    /// <summary>The part of the products' rates that kernels reach.</summary>
    public double ProductShare { get; init; } = 1;

    /// <summary>The rate of the L2 cache, for GPUs whose kernels are predicted; null for others.</summary>
    public double? CacheGigabytesPerSecond { get; init; }

    /// <summary>Whether products and attention of prompts are by warpgroups.</summary>
    public bool HasWarpgroups { get; init; }

    /// <summary>
    /// The time that a kernel should take without its ramp, in microseconds: the longest of its bytes at the memory's rate, all
    /// that its groups read and write at the L2 cache's, and its operations. Tiles of prompts run in whole rounds.
    /// </summary>
    public double MicrosecondsOf(ExpectedKernel kernel)
    {
        double rate = (kernel.Tiles > 0 ? PromptTeraflopsPerSecond : TeraflopsPerSecond) * ProductShare;
        // Two groups of mma.sync share a multiprocessor.
        long atOnce = Multiprocessors * (HasWarpgroups ? 1 : 2);
        double fill = kernel.Tiles == 0 ? 1 : kernel.Tiles / (Math.Ceiling((double)kernel.Tiles / atOnce) * atOnce);
        return Math.Max(
            kernel.MemoryBytes / (GigabytesPerSecond * MemoryShare * 1e3),
            Math.Max(
                (kernel.MemoryBytes + kernel.Again) / (CacheGigabytesPerSecond!.Value * 1e3),
                kernel.Operations / (rate * fill * 1e6)));
    }

    /// <summary>The least time that a step can take, in microseconds.</summary>
    public double MicrosecondsOf(ExpectedStep step) => Math.Max(
        step.Cost.Bytes / (GigabytesPerSecond * 1e3),
        step.Cost.Operations / ((step.IsPromptProduct ? PromptTeraflopsPerSecond : TeraflopsPerSecond) * 1e6));
}
