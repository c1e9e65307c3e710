using System.Globalization;
using System.Text;
using Mistral.Ilgpu.Checkpoints;
using Mistral.Ilgpu.Diagnostics.Inspection;
using Mistral.Ilgpu.Kernels;

namespace Mistral.Ilgpu.Perf.Report;

/// <summary>What Mistral 7B should take at least on GPUs, step by step, and how full its kernels keep NVIDIA's: by calculation
/// alone.</summary>
internal static class ExpectedReport
{
    private const int Depth = 512;
    private const int Sequences = 16;
    private const int Prompt = 4096;

    private static readonly int[] Architectures = [80, 89, 90];

    private static readonly string[] Forms =
    [
        "MatVecTensor<BFloat16Tensor, EightTokens, AsTheyAre, Assign>", "MatVecTensor<BFloat16Tensor, EightTokens, AsNormed, GateWithSilu>",
        "MatVecTensor<BFloat16Tensor, SixteenTokens, AsTheyAre, GateWithSilu>", "MatMulTensor<BFloat16Tensor, ElementTiles, Assign>",
        "MatMulTensor<BFloat16Tensor, ElementTiles, GateWithSilu>", "MatMulBulk<BFloat16Tensor, Assign>",
        "MatMulBulk<BFloat16Tensor, GateWithSilu>", "BlockMatVecWarp<Q8_0, Assign>", "BlockMatVecWarp<Q4_0, Assign>",
        "BlockMatVecWarp<Q4_K, Assign>", "BlockMatVecWarp<Q6_K, Assign>",
        "BlockMatVecNormed<Q4_0>", "BlockSwiGluNormed<Q4_0>", "BlockMatVecTensor<Q4_0, SixteenTokens, Assign>",
        "BlockMatVecTensor<Q4_0, SixteenTokens, GateWithSilu>", "BlockMatVecTensor<Q4_K, SixteenTokens, Assign>", "BlockSwiGluTensor<Q4_K, SixteenTokens>",
        "MatMulTensor<Float16Tensor, BlockTiles<Q4_0>, Assign>",
        "MatMulTensor<Float16Tensor, BlockTiles<Q4_K>, Assign>", "MatMulWarpgroup<Float16Tensor, BlockTiles<Q4_0>, Assign>",
        "MatMulWarpgroup<Float16Tensor, BlockTiles<Q4_K>, Assign>",
    ];

    private static readonly GpuRates[] Predicted = [.. GpuRates.Known.Where(gpu => gpu.CacheGigabytesPerSecond is not null)];

    private static readonly GpuRates[] Others = [.. GpuRates.Known.Where(gpu => gpu.CacheGigabytesPerSecond is null)];

    /// <param name="types">Types of weights; none for a few.</param>
    public static string Write(string[] types)
    {
        var text = new StringBuilder();
        text.Append(CultureInfo.InvariantCulture, $"""
            # Mistral 7B on GPUs of three makers, calculated

            Made by `perf/run expected`. **No time here is measured, and no GPU has run these kernels.** For NVIDIA's GPUs each kernel of a pass is counted with
            every pass that it makes over memory. Its time is the longest of three: bytes to and from memory at the memory's rate, all that its groups read and write
            at the rate of the L2 cache, and operations at the rate of the tensor cores, with tiles of prompts in whole rounds of a GPU's multiprocessors. To that
            come, for each kernel, {GpuRates.RampMicroseconds} µs in which its first loads wait and its last groups leave multiprocessors idle, and a gap of {GpuRates.RecordedGapMicroseconds} µs before it.

            | rates | GB/s | part reached | L2, GB/s | TFLOP/s, 16 bits | of prompts' products | part reached | multiprocessors |
            |---|---|---|---|---|---|---|---|
            {string.Join('\n', Predicted.Select(gpu => string.Create(CultureInfo.InvariantCulture, $"| {gpu.Name} | {gpu.GigabytesPerSecond:N0} | {gpu.MemoryShare} | {gpu.CacheGigabytesPerSecond:N0} | {gpu.TeraflopsPerSecond:N0} | {gpu.PromptTeraflopsPerSecond:N0} | {gpu.ProductShare} | {gpu.Multiprocessors} |")))}

            Assumptions:

            - H200: measured on one with PyTorch: a copy within the device, bytes read and written counted, and bfloat16 products of 8,192 × 8,192 × 8,192 at 770 to
              798 TFLOP/s on random numbers, here the middle. Its `mma.sync` is assumed to reach the H100's rate, because its multiprocessors are the H100's.
            - H100 SXM and RTX 4090: the makers' figures as others publish them, their own documents unread here. H100: 3.35 TB/s and 1,979 TFLOP/s of bfloat16 with
              sparsity (a reseller's table), so 989 without, of which `mma.sync` is taken to reach 62.9 % (remembered from Luo et al., arXiv 2402.13499, whose abstract
              alone was found). RTX 4090: 1,008 GB/s and 165.2 TFLOP/s with sums in float32 (a site of specifications).
            - RTX 5090: 1,792 GB/s and 209.5 TFLOP/s with sums in float32, 170 multiprocessors (the maker's figures as others repeat them). Its products are by
              `mma.sync`, as those of an RTX 4090.
            - Of published rates programs reach {GpuRates.PublishedShare:P0}, as the H200's copy reaches 4,300 of 4,800 GB/s. The H200's own rates are what programs reached.
            - L2: 24 bytes a clock for each multiprocessor of an H100 or H200, 15 of the others (remembered of others' measurements, unchecked).
            - A gap between two kernels of a recorded pass takes 1.5 to 2 µs (reported), here the middle. Kernels that begin early hide a part of it, which is not
              counted. Kernels of prompts are launched one by one, and the host is ahead, so that their gaps are as long.
            - The ramp is about two latencies of the memory.
            - Activations are counted as read from and written to memory, although the L2 cache holds those of a decoded token.
            - Instructions are not counted, see the report on machine code for issue slots.

            "Again" is what groups read in addition because several need the same: tiles of a product their weights and tokens, groups of a decoded token its
            activations, tiles of queries the keys. Cache in 16 bits.


            """);
        foreach (string type in types.Length > 0 ? types : ["bf16", "q8_0", "q4_0", "q4_k", "q6_k"])
        {
            using var checkpoint = Checkpoint.Open($"random:mistral-7b:{type}");
            var config = checkpoint.Config;
            var format = checkpoint.Tensors[TensorNames.Query(0)].Format;
            Table(text, $"{type}: one token at position {Depth}", 1, one => ExpectedTimes.Of(config, format, 1, Depth, isPrompt: false, one));
            Table(
                text, $"{type}: {Sequences} texts, a token each, at position {Depth}", Sequences,
                one => ExpectedTimes.Of(config, format, Sequences, Depth, isPrompt: false, one));
            Table(
                text, $"{type}: a prompt of {Prompt:N0} tokens in one pass", Prompt,
                one => ExpectedTimes.Of(config, format, Prompt, 0, isPrompt: true, one));
        }

        Residency(text);
        return text.ToString();
    }

    /// <param name="stepsOf">The steps of a pass, with products of prompts by warpgroups or without.</param>
    private static void Table(StringBuilder text, string title, int tokens, Func<bool, IReadOnlyList<ExpectedStep>> stepsOf)
    {
        var (steps, older) = (stepsOf(true), stepsOf(false));
        text.Append(CultureInfo.InvariantCulture, $"## {title}\n\n");
        text.Append($"| kernel | of | times | MB of weights | MB read | MB written | MB again | Mop |{string.Concat(Predicted.Select(gpu => $" {gpu.Name}, µs |"))}\n");
        text.Append($"|---|---|---|---|---|---|---|---|{string.Concat(Predicted.Select(_ => "---|"))}\n");
        foreach (var (step, other) in steps.Zip(older))
        {
            foreach (var (kernel, otherKernel) in step.Kernels.Zip(other.Kernels))
            {
                string times = string.Concat(Predicted.Select(gpu => Cell(string.Create(
                    CultureInfo.InvariantCulture, $"{gpu.MicrosecondsOf(gpu.HasWarpgroups ? kernel : otherKernel):N2}"))));
                text.Append(
                    CultureInfo.InvariantCulture,
                    $"| {kernel.Name} | {step.Name} | {step.Count} | {kernel.Weights / 1e6:N2} | {kernel.Read / 1e6:N2} | {kernel.Written / 1e6:N2} | {kernel.Again / 1e6:N1} | {kernel.Operations / 1e6:N1} |{times}\n");
            }
        }

        int launches = steps.Sum(step => step.Count * step.Kernels.Count);
        var kernels = Predicted.Select(gpu => (gpu.HasWarpgroups ? steps : older).Sum(
            step => step.Count * step.Kernels.Sum(gpu.MicrosecondsOf))).ToList();
        var all = kernels.Select(sum => sum + (launches * (GpuRates.RampMicroseconds + GpuRates.RecordedGapMicroseconds))).ToList();
        text.Append(CultureInfo.InvariantCulture, $"| all kernels, ms | | | | | | | |{string.Concat(kernels.Select(sum => Cell($"{sum / 1e3:N2}")))}\n");
        text.Append(CultureInfo.InvariantCulture, $"| **with the ramps and gaps of {launches} kernels, ms** | | | | | | | |{string.Concat(all.Select(sum => Cell($"**{sum / 1e3:N2}**")))}\n");
        text.Append(CultureInfo.InvariantCulture, $"| **tokens/s** | | | | | | | |{string.Concat(all.Select(sum => Cell($"**{tokens / sum * 1e6:N0}**")))}\n\n");
        var least = Others.Select(gpu => steps.Sum(step => step.Count * gpu.MicrosecondsOf(step)));
        string others = string.Join("; ", Others.Zip(least, (gpu, sum) => string.Create(
            CultureInfo.InvariantCulture, $"{gpu.Name} ({gpu.GigabytesPerSecond:N0} GB/s, {gpu.TeraflopsPerSecond:N0} TFLOP/s) {sum / 1e3:N2} ms, {tokens / sum * 1e6:N0} tokens/s")));
        text.Append($"The least by bytes and operations alone on other makers' GPUs, at their published rates: {others}.\n\n");
    }

    private static string Cell(string text) => $" {text} |";

    private static void Residency(StringBuilder text)
    {
        text.Append("## Groups that a multiprocessor holds at once\n\nRegisters and shared memory by ptxas; warps of those there is room for, and what runs out first.\n\n");
        if (Ptxas.Find() is not { } ptxas)
        {
            text.Append("No ptxas on PATH.\n");
            return;
        }

        text.Append($"| kernel | registers (sm_90) | shared memory |{string.Concat(Architectures.Select(architecture => $" sm_{architecture} |"))}\n");
        text.Append($"|---|---|---|{string.Concat(Architectures.Select(_ => "---|"))}\n");
        using var code = new KernelCode();
        foreach (var form in Forms.Select(name => KernelCatalog.All.Single(form => form.Name == name)))
        {
            var resources = Architectures.Select(architecture => form.IsFor(architecture) ? Ptxas.Assemble(ptxas, form, code.Ptx(form, architecture), architecture) : null).ToList();
            var cells = Architectures.Zip(
                resources,
                (architecture, taken) => taken is null ? null : Occupancy.Of(taken, form.GroupSize!.Value, architecture))
                .Select(occupancy => occupancy is null ? " – |" : $" {occupancy.Warps} of {occupancy.MostWarps} ({occupancy.Limit}) |");
            text.Append(CultureInfo.InvariantCulture, $"| `{form.Name}` | {resources[^1]!.Registers} | {resources[^1]!.SharedBytes:N0} B |{string.Concat(cells)}\n");
        }
    }
}
