using Mistral.Ilgpu.Execution.Buffers;
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
public sealed record GpuRates(
    string Name, double GigabytesPerSecond, double TeraflopsPerSecond, double PromptTeraflopsPerSecond, int Multiprocessors)
{
    /// <summary>
    /// H100 SXM: 3,350 GB/s and 1,979 TFLOP/s with sparsity, half without, of which <c>mma.sync</c> is taken to reach 62.9 %
    /// (after Luo et al., arXiv 2402.13499: the rest is for <c>wgmma</c>). RTX 4090: 1,008 GB/s and 165.2 TFLOP/s. As published
    /// by others than the makers. H200: measured on one by PyTorch, a copy at 4.3 TB/s, reads and writes counted, and 770 to 798
    /// TFLOP/s of bfloat16, here the middle; its <c>mma.sync</c> is assumed to be the H100's, because the multiprocessors are.
    /// </summary>
    public static IReadOnlyList<GpuRates> Known { get; } = [new("H200", 4300, 622, 784, 132), new("H100 SXM", 3350, 622, 989, 132), new("RTX 4090", 1008, 165, 165, 128)];

    /// <summary>What lies between two kernels of a recorded pass, in microseconds: the middle of the 1.5 to 2 that are reported
    /// of such GPUs.</summary>
    public const double GapMicroseconds = 1.75;

    /// <summary>The least time that a step can take, in microseconds.</summary>
    public double MicrosecondsOf(ExpectedStep step) => Math.Max(
        step.Cost.Bytes / (GigabytesPerSecond * 1e3), step.Cost.Operations / ((step.IsPromptProduct ? PromptTeraflopsPerSecond : TeraflopsPerSecond) * 1e6));
}

/// <summary>A step of a model and what it moves and computes in one pass.</summary>
/// <param name="Count">How often it comes in a pass.</param>
/// <param name="Launches">Kernels that it is in a pass that decodes; 0 where another does its work.</param>
/// <param name="IsPromptProduct">Whether it multiplies tokens of a prompt with weights.</param>
public sealed record ExpectedStep(string Name, int Count, StepCost Cost, int Launches, bool IsPromptProduct = false);

/// <summary>The operations of a pass by their own formulas, with no device.</summary>
public static class ExpectedTimes
{
    /// <param name="tokens">Of the pass: of as many texts where they are decoded, of one prompt otherwise.</param>
    /// <param name="position">Tokens that each text has before.</param>
    public static IReadOnlyList<ExpectedStep> Of(
        ModelConfig config, TensorFormat weights, int tokens, int position, bool isPrompt)
    {
        var pass = isPrompt ? new Pass(0, tokens, 1) : new Pass(tokens, 0, tokens);
        for (int text = 0; text < (isPrompt ? 1 : tokens); text++)
        {
            pass.Add(new PassSpan(position, isPrompt ? tokens : 1));
        }

        int window = config.WindowOf(0) ?? int.MaxValue;
        var caches = Enumerable.Range(0, config.LayerCount).Select(layer => new KvPlan(layer, window, window, TensorFormat.Float16));
        var gpu = Family.Of(new DeviceInfo(DeviceKind.Cuda, 0, "", IsGpu: true, long.MaxValue, 132, 1024, []) { CudaArchitecture = 90 });
        var formats = WeightFormats.On(gpu, ActivationType.Int8, _ => weights);
        var plan = new MistralGraph(config, AttentionShape.Of(config, TensorFormat.Float16), formats, [.. caches]).Plan();
        var fused = new Fusion(gpu, ActivationType.Int8, _ => false).Fuse(plan);
        return
        [
            .. plan.Operations.Zip(fused)
                .GroupBy(operation => operation.First.Kind)
                .Select(kind => (kind.First().First, kind.First().Second, Count: kind.Count()))
                .Select(kind => new ExpectedStep(
                    kind.First.Kind, kind.Count, kind.First.Cost(pass), (kind.First.Rows.IsAlone(pass) ? kind.Second.Alone : kind.Second.Together) is null ? 0 : 1,
                    isPrompt && kind.First is MatrixProduct && kind.First.Rows == RowSet.Tokens)),
            new(plan.Choice!.Kind, 1, plan.Choice.Cost(pass), 1),
        ];
    }
}
