using ILGPU;
using Mistral.Ilgpu.Execution.Buffers;
using Mistral.Ilgpu.Execution.Passes;
using Mistral.Ilgpu.Planning;

namespace Mistral.Ilgpu.Execution.Families;

/// <summary>Turns a plan's operations into steps: kernels bound to memory.</summary>
internal sealed class StepBinder(KernelSet kernels, PlanMemory memory)
{
    /// <summary>Fuses a plan for the device's family and binds it.</summary>
    /// <param name="withAdapters">Returns the steps of passes with adapters; null if there are none.</param>
    public LayerGraph Bind(ModelPlan plan, Func<ulong, LayerGraph>? withAdapters = null)
    {
        var fusion = new Fusion(kernels.Family, kernels.Activations, matrix => memory.Matrices[matrix].Updates.Count > 0);
        return new LayerGraph([.. fusion.Fuse(plan).Select(Steps)], withAdapters);

        (Step? Alone, Step? Together) Steps((Operation? Alone, Operation? Together) fused)
        {
            var alone = fused.Alone is null ? null : Bind(fused.Alone);
            return (alone, ReferenceEquals(fused.Together, fused.Alone)
                ? alone : fused.Together is null ? null : Bind(fused.Together));
        }
    }

    public Step Bind(Operation operation)
    {
        var launch = operation switch
        {
            Embed embed => kernels.Embed(embed.Name, Of(embed.Table), Of(embed.Hidden)),
            Norm norm => kernels.RmsNorm(
                norm.Name, Of(norm.Hidden), Of(norm.Gain), Of(norm.Normed), norm.Epsilon, norm.Rows, norm.Forms),
            Product product => kernels.MatMul(
                product.Name, Of(product.Matrix), InputOf(product), Of(product.To), product.AddsToResidual),
            GatedProduct gated => kernels.SwiGlu(
                gated.Name, Of(gated.Matrix), InputOf(gated), Of(gated.Products), Of(gated.To), gated.Forms),
            Attend attend => kernels.Attend(
                attend.Name, Of(attend.Qkv), memory.Caches[attend.Cache.Layer], memory.Frequencies, memory.Parts,
                Of(attend.Attended), attend.Shape, attend.Forms),
            Narrow narrow => kernels.NarrowHeads(narrow.Name, Of(narrow.Padded), Of(narrow.Attended), narrow.Shape),
            Choose choose => kernels.Choose(choose.Name, Of(choose.Logits), memory.Chosen),
            _ => throw new ArgumentOutOfRangeException(nameof(operation), operation.Name, "no kernels for it"),
        };
        return new Step(operation, launch, operation.Output is { } output ? Of(output) : null, AddedCost(operation));
    }

    private Func<Pass, StepCost>? AddedCost(Operation operation) =>
        operation.Weights is MatrixPlan plan && Of(plan) is { Updates.Count: > 0 } matrix
        ? pass => KernelSet.UpdateCost(matrix, operation.Rows.Count(pass))
        : null;

    private ProductInput InputOf(MatrixProduct product) => new(
        Of(product.From), product.Rows,
        product.Norm is { } norm ? new FusedNorm(Of(norm.Hidden), Of(norm.Gain), norm.Epsilon) : null,
        product.IsForSeveral, product.IsInt8Ready, product.IsRounded);

    private Activation Of(ActivationPlan activation) => memory.Activations[activation];

    private WeightMatrix Of(MatrixPlan matrix) => memory.Matrices[matrix];

    private ArrayView<float> Of(VectorPlan vector) => memory.Vectors[vector];
}
