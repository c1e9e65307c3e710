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
        "MatMulTensor<BFloat16Tensor, ElementTiles, GateWithSilu>", "MatMulWarpgroup<BFloat16Tensor, ElementTiles, Assign>",
        "MatMulWarpgroup<BFloat16Tensor, ElementTiles, GateWithSilu>", "BlockMatVecWarp<Q8_0, Assign>", "BlockMatVecWarp<Q4_0, Assign>",
        "BlockMatVecWarp<Q4_K, Assign>", "BlockMatVecWarp<Q6_K, Assign>",
        "BlockMatVecNormed<Q4_0>", "BlockSwiGluNormed<Q4_0>", "BlockMatVecTensor<Q4_0, SixteenTokens, Assign>",
        "BlockMatVecTensor<Q4_0, SixteenTokens, GateWithSilu>", "BlockMatVecTensor<Q4_K, SixteenTokens, Assign>", "BlockSwiGluTensor<Q4_K, SixteenTokens>",
        "MatMulTensor<Float16Tensor, BlockTiles<Q4_0>, Assign>",
        "MatMulTensor<Float16Tensor, BlockTiles<Q4_K>, Assign>", "MatMulWarpgroup<Float16Tensor, BlockTiles<Q4_0>, Assign>",
        "MatMulWarpgroup<Float16Tensor, BlockTiles<Q4_K>, Assign>",
    ];

    /// <param name="types">Types of weights; none for a few.</param>
    public static string Write(string[] types)
    {
        var text = new StringBuilder();
        text.Append(CultureInfo.InvariantCulture, $"""
            # Mistral 7B on GPUs of three makers, calculated

            Made by `perf/run expected`. **No time here is measured, and no GPU has run these kernels.** A step's time is the longer of its bytes at the
            memory's rate and its operations at the rate of `mma.sync`, of prompts' products on an H200 or H100 of `wgmma`, of other makers' GPUs of their matrix
            cores: the least that it can take, without launches and imperfect overlap. Of tokens that are decoded the launches of CUDA's kernels are counted, and
            what gaps of {GpuRates.RecordedGapMicroseconds} µs between them add is told apart. No figure for such gaps of OpenCL is known here.

            | rates | GB/s | TFLOP/s, 16 bits | of prompts' products | multiprocessors, compute units or Xe-cores |
            |---|---|---|---|---|
            {string.Join('\n', GpuRates.Known.Select(gpu => $"| {gpu.Name} | {gpu.GigabytesPerSecond:N0} | {gpu.TeraflopsPerSecond:N0} | {gpu.PromptTeraflopsPerSecond:N0} | {gpu.Multiprocessors} |"))}

            - H200: measured on one with PyTorch: a copy within the device, bytes read and written counted, and bfloat16 products of 8,192 × 8,192 × 8,192 at 770 to
              798 TFLOP/s on random numbers, here the middle. Its `mma.sync` is assumed to reach the H100's rate, because its multiprocessors are the H100's.
            - H100 SXM and RTX 4090: the makers' figures as others publish them, their own documents unread here. H100: 3.35 TB/s and 1,979 TFLOP/s of bfloat16 with
              sparsity (a reseller's table), so 989 without, of which `mma.sync` is taken to reach 62.9 % (remembered from Luo et al., arXiv 2402.13499, whose abstract
              alone was found). RTX 4090: 1,008 GB/s and 165.2 TFLOP/s with sums in float32 (a site of specifications).
            - RX 7900 XTX: 960 GB/s and 96 compute units at 2.5 GHz (AMD's table as a review prints it), each with 512 operations of 16 bits in a cycle, which makes
              the 123 TFLOP/s that others repeat. MI300X: 5.3 TB/s and 304 compute units at 2.1 GHz, 1,307.4 TFLOP/s (AMD's data sheet, as others repeat it).
            - Arc A770, 16 GB: 560 GB/s and 512 matrix engines at 2.1 GHz (Intel's table as others print it), each with 128 operations of 16 bits in a cycle (Intel's
              introduction to the architecture, as others repeat it). Its forms use no matrix engine yet.
            - So the H200's rates are what programs reach and the others' what their makers promise: a prompt on an H100 would not be faster than on an H200.

            Bytes and operations are those that each step's docstring states, as `profile` counts them. Cache in 16 bits.


            """);
        foreach (string type in types.Length > 0 ? types : ["bf16", "q8_0", "q4_0", "q4_k", "q6_k"])
        {
            using var checkpoint = Checkpoint.Open($"random:mistral-7b:{type}");
            var config = checkpoint.Config;
            var format = checkpoint.Tensors[TensorNames.Query(0)].Format;
            Table(
                text, $"{type}: one token at position {Depth}", ExpectedTimes.Of(config, format, 1, Depth, isPrompt: false), 1,
                isDecoded: true);
            Table(
                text, $"{type}: {Sequences} texts, a token each, at position {Depth}",
                ExpectedTimes.Of(config, format, Sequences, Depth, isPrompt: false), Sequences, isDecoded: true);
            Table(
                text, $"{type}: a prompt of {Prompt:N0} tokens in one pass",
                ExpectedTimes.Of(config, format, Prompt, 0, isPrompt: true), Prompt, isDecoded: false);
        }

        Residency(text);
        return text.ToString();
    }

    private static void Table(StringBuilder text, string title, IReadOnlyList<ExpectedStep> steps, int tokens, bool isDecoded)
    {
        var gpus = GpuRates.Known;
        text.Append(CultureInfo.InvariantCulture, $"## {title}\n\n| step | times | MB each | Mop each |{string.Concat(gpus.Select(gpu => $" {gpu.Name}, µs each |"))}\n");
        text.Append($"|---|---|---|---|{string.Concat(gpus.Select(_ => "---|"))}\n");
        foreach (var step in steps)
        {
            text.Append(
                CultureInfo.InvariantCulture,
                $"| {step.Name} | {step.Count} | {step.Cost.Bytes / 1e6:N2} | {step.Cost.Operations / 1e6:N1} |{string.Concat(gpus.Select(gpu => Time(gpu, step)))}\n");
        }

        var totals = gpus.Select(gpu => steps.Sum(step => step.Count * gpu.MicrosecondsOf(step))).ToList();
        text.Append(CultureInfo.InvariantCulture, $"| **all, ms** | | | |{string.Concat(totals.Select(total => Cell($"**{total / 1e3:N2}**")))}\n");
        text.Append(CultureInfo.InvariantCulture, $"| **tokens/s** | | | |{string.Concat(totals.Select(total => Cell($"**{tokens / total * 1e6:N0}**")))}\n");
        if (isDecoded)
        {
            int launches = steps.Sum(step => step.Count * step.Launches);
            text.Append(
                CultureInfo.InvariantCulture,
                $"| with the gaps of {launches} launches, ms | | | |{string.Concat(gpus.Zip(totals, (gpu, total) => Cell(gpu.GapMicroseconds is { } gap ? $"{(total + (launches * gap)) / 1e3:N2}" : "–")))}\n");
        }

        text.Append('\n');
    }

    private static string Time(GpuRates gpu, ExpectedStep step) =>
        Cell(gpu.MicrosecondsOf(step).ToString("N2", CultureInfo.InvariantCulture));

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
