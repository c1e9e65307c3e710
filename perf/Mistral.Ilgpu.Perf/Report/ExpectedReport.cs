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
        "MatMulTensor<Float16Tensor, BlockTiles<Q4_K>, Assign>", "MatMulBulkBlocks<Q4_0, Assign>", "MatMulBulkBlocks<Q4_K, Assign>",
    ];

    private const string Blackwell = """
        ## Blackwell

        - **sm_120** (RTX 50, RTX PRO 6000, DGX Spark) has neither `wgmma` nor `tcgen05`. `mma.sync` is its own instruction, and one program's kernel by
          it reached 106 % of cuBLAS in 16 bits (RTX PRO 6000, github.com/waynehacking8/blackwell-tensorcore-kernels). So it costs nothing there.
        - **sm_100** (B200) has `tcgen05`, 2,250 TFLOP/s of bfloat16 as published. Nobody's rate of its `mma.sync` was found. If a multiprocessor reaches an
          H100's, that is 697: prompts take 3.2 times as long as by `tcgen05`, or longer. Decoded tokens are bound by memory and lose nothing.
          `tcgen05` is not built, because nothing here can run it.
        - **Block-scaled `mma`** (sm_120a, `kind::mxf8f6f4`) multiplies factors of at most 8 bits with scales that are powers of two, one for 32 values. No format
          here has such scales: those of Q8_0 to Q6_K are 16-bit floats, those of FP8 are for a row or a tensor. And activations would be rounded to
          8 bits, which changes what a model says. So nothing uses it.


        """;

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
            - B200: 8,000 GB/s, 148 multiprocessors (the maker's figures as others repeat them). Its products are by `mma.sync`, see "Blackwell" below.
            - Of published rates programs reach {GpuRates.PublishedShare:P0}, as the H200's copy reaches 4,300 of 4,800 GB/s. The H200's own rates are what programs reached.
            - L2: 24 bytes a clock for each multiprocessor of an H100 or H200, 15 of the others (remembered of others' measurements, unchecked). A B200's serves
              copies by `cp.async` at 6,600 GB/s (SemiAnalysis, Dissecting Nvidia Blackwell, 31 March 2026, as others summarize it).
            - A gap between two kernels of a recorded pass takes 1.5 to 2 µs (reported), here the middle. Kernels that begin early hide a part of it, which is not
              counted. Kernels of prompts are launched one by one, and the host is ahead, so that their gaps are as long.
            - The ramp is about two latencies of the memory.
            - Activations are counted as read from and written to memory, although the L2 cache holds those of a decoded token.
            - Instructions are not counted, see the report on machine code for issue slots. At the H200's rate of prompts' products a stage of 128 rows × 256 tokens
              × 64 columns takes 706 ns, 1,200 to 1,400 clocks. A warp of each scheduler unpacks a stage of weights in blocks in 390 to 650 instructions beside
              that, and those that multiply issue 150 (`MatMulBulkBlocks`). So unpacking is taken to be hidden. Not measured.

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

        text.Append(Blackwell);
        Start(text);
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

    // What is ours was measured on a machine without a GPU: the rate in the report on streaming, the start in that on the CPU.
    private static void Start(StringBuilder text)
    {
        const double BusGigabytes = 50, ReadGigabytes = 17, OurStart = 0.3, Driver = 1;
        using var checkpoint = Checkpoint.Open("random:mistral-7b:bf16");
        double gigabytes = checkpoint.TotalBytes / 1e9;
        double copied = gigabytes / BusGigabytes, read = gigabytes / ReadGigabytes;
        text.Append(CultureInfo.InvariantCulture, $"""
            ## First token of Mistral 7B in bf16, from the page cache

            Two page-locked buffers of 32 MB take turns: one is filled while the other is copied to the device. PTX is kept between starts, and the driver keeps
            its machine code.

            | part | s | |
            |---|---|---|
            | {gigabytes:N1} GB over a bus of {BusGigabytes} GB/s | {copied:N2} | calculated; beside the next |
            | the same, read into the buffers by two threads at {ReadGigabytes} GB/s | {read:N2} | rate measured here, of layers in the page cache; up to 16 threads read where there are cores |
            | the program until its model is loaded, without weights and driver | {OurStart:N1} | measured here with `tiny` on the CPU |
            | the driver: context, 30 modules from its cache, {gigabytes:N1} GB of memory | {Driver:N0} | assumed |
            | **first token** | **{Math.Max(copied, read) + OurStart + Driver:N1}** | goal: 5 |


            """);
    }

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
