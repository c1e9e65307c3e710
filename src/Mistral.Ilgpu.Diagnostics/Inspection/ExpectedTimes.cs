using Mistral.Ilgpu.Execution.Buffers;
using Mistral.Ilgpu.Execution.Devices;
using Mistral.Ilgpu.Execution.Families;
using Mistral.Ilgpu.Model;
using Mistral.Ilgpu.Planning;

namespace Mistral.Ilgpu.Diagnostics.Inspection;

/// <summary>The operations of a pass with their cost formulas, computed without a device.</summary>
internal static class ExpectedTimes
{
    /// <param name="tokens">Tokens of the pass: one of each text if they are decoded, otherwise those of one prompt.</param>
    /// <param name="position">Tokens that precede in each text.</param>
    /// <param name="isWarpgroup">Whether products and attention of prompts are by warpgroups.</param>
    public static IReadOnlyList<ExpectedStep> Of(
        ModelConfig config, TensorFormat weights, int tokens, int position, bool isPrompt, bool isWarpgroup = true)
    {
        var pass = isPrompt ? new Pass(0, tokens, 1) : new Pass(tokens, 0, tokens);
        for (int text = 0; text < (isPrompt ? 1 : tokens); text++)
        {
            pass.Add(new PassSpan(position, isPrompt ? tokens : 1));
        }

        int window = config.WindowOf(0) ?? int.MaxValue;
        var caches = Enumerable.Range(0, config.LayerCount).Select(
            layer => new KvPlan(layer, window, window, TensorFormat.Float16));
        var gpu = Family.Of(new DeviceInfo(
            DeviceKind.Cuda, 0, "", isGpu: true, long.MaxValue, 132, 1024, []) { CudaArchitecture = 90 });
        var formats = WeightFormats.On(gpu, ActivationType.Int8, _ => weights);
        var plan = new MistralGraph(config, AttentionShape.Of(config, TensorFormat.Float16), formats, [.. caches]).Plan();
        var kernels = new ExpectedKernels(pass, isWarpgroup);
        var fused = new Fusion(gpu, ActivationType.Int8, _ => false).Fuse(plan);
        return
        [
            .. plan.Operations.Zip(fused)
                .GroupBy(operation => operation.First.Kind)
                .Select(kind => (kind.First().First, kind.First().Second, Count: kind.Count()))
                .Select(kind => new ExpectedStep(
                    kind.First.Kind, kind.Count, kind.First.Cost(pass),
                    kernels.Of(kind.First.Rows.IsAlone(pass) ? kind.Second.Alone : kind.Second.Together),
                    isPrompt && kind.First is MatrixProduct && kind.First.Rows == RowSet.Tokens)),
            new(plan.Choice!.Kind, 1, plan.Choice.Cost(pass), kernels.Of(plan.Choice)),
        ];
    }
}
