using Mistral.Ilgpu.Checkpoints;
using Mistral.Ilgpu.Kernels;
using Mistral.Ilgpu.Planning;

namespace Mistral.Ilgpu.Execution.Families;

/// <summary>
/// Rewrites a plan for a family of devices, by rules that see an operation and the one that takes what it makes: products of one decoded row make
/// their norm themselves, and what makes activations makes them in eight bits too where quantized weights take them.
/// </summary>
/// <param name="isAdapted">Whether adapters change the product with a matrix.</param>
internal sealed class Fusion(Family family, ActivationType activations, Func<MatrixPlan, bool> isAdapted)
{
    /// <summary>Each operation as passes of one decoded row have it, and as others do; null where another does its work.</summary>
    public IReadOnlyList<(Operation? Alone, Operation? Together)> Fuse(ModelPlan plan)
    {
        var fused = new List<(Operation? Alone, Operation? Together)>();
        var norms = new Dictionary<Operation, Norm>();
        var ready = new HashSet<Operation>();
        var readyAlone = new HashSet<Operation>();
        for (int i = 0; i < plan.Operations.Count; i++)
        {
            var operation = plan.Operations[i];
            var taker = plan.TakerOf(i);
            bool makes = TakesInt8(taker) && family.MakesInt8(operation, isAlone: false, MakesNorm(operation));
            bool makesAlone = TakesInt8(taker) && family.MakesInt8(operation, isAlone: true, MakesNorm(operation));
            if (makes)
            {
                ready.Add(taker!);
            }

            if (makesAlone)
            {
                readyAlone.Add(taker!);
            }

            bool isMadeByTaker = operation is Norm && MakesNorm(taker);
            if (isMadeByTaker)
            {
                norms.Add(taker!, (Norm)operation);
            }

            var together = With(operation, null, ready.Contains(operation), makes);
            var alone = isMadeByTaker ? null : With(operation, norms.GetValueOrDefault(operation), readyAlone.Contains(operation), makesAlone);
            if (alone is not null && alone != together)
            {
                together = together switch
                {
                    Product product => product with { IsForSeveral = true },
                    GatedProduct product => product with { IsForSeveral = true },
                    _ => together,
                };
            }

            fused.Add((alone, together));
        }

        return fused;
    }

    private static Operation With(Operation operation, Norm? norm, bool isInt8Ready, bool makesInt8) => operation switch
    {
        Norm one => one with { MakesInt8 = makesInt8 },
        Product one => one with { Norm = norm, IsInt8Ready = isInt8Ready && norm is null },
        GatedProduct one => one with { Norm = norm, IsInt8Ready = isInt8Ready && norm is null, MakesInt8 = makesInt8 },
        Attend one => one with { MakesInt8 = makesInt8 },
        _ => operation,
    };

    // Whether a product makes the norm of one decoded row itself.
    private bool MakesNorm(Operation? operation) => operation is Product or GatedProduct && operation.Weights is MatrixPlan matrix
        && !isAdapted(matrix) && family.MakesNorm(matrix, activations);

    // Whether an operation is a product that takes eight bits of its input.
    private bool TakesInt8(Operation? operation) => operation is Product or GatedProduct && operation.Weights is MatrixPlan matrix
        && activations == ActivationType.Int8 && QuantizedActivations.Fit(matrix.Columns) && matrix.Bands.Any(band => band.Format.IsQuantized());
}
