using Mistral.Ilgpu.Execution.Buffers;
using Mistral.Ilgpu.Planning;

namespace Mistral.Ilgpu.Execution.Families;

/// <summary>
/// Rewrites a plan for a family of devices, by rules that see an operation and the consumer of its output.
/// Products of one decoded row compute their norm themselves.
/// An operation whose output goes to quantized weights also writes it in eight bits.
/// </summary>
/// <param name="isAdapted">Whether adapters change the product with a matrix.</param>
internal sealed class Fusion(Family family, ActivationType activations, Func<MatrixPlan, bool> isAdapted)
{
    /// <summary>
    /// Each operation as passes of one decoded row run it, and as others do; null if another operation does its work. Both are
    /// the
    /// same instance if they do not differ.
    /// </summary>
    public IReadOnlyList<(Operation? Alone, Operation? Together)> Fuse(ModelPlan plan)
    {
        int count = plan.Operations.Count;
        var (norms, ready, readyAlone) = (new Norm?[count], new bool[count], new bool[count]);
        var fused = new (Operation? Alone, Operation? Together)[count];
        for (int i = 0; i < count; i++)
        {
            var operation = plan.Operations[i];
            int at = plan.TakerOf(i);
            var taker = at < 0 ? null : plan.Operations[at];
            bool makesNorm = MakesNorm(operation);
            bool makes = TakesInt8(taker) && family.MakesInt8(operation, isAlone: false, makesNorm);
            bool makesAlone = TakesInt8(taker) && family.MakesInt8(operation, isAlone: true, makesNorm);
            bool isMadeByTaker = operation is Norm && MakesNorm(taker);
            if (at >= 0)
            {
                (norms[at], ready[at], readyAlone[at]) = (isMadeByTaker ? (Norm)operation : null, makes, makesAlone);
            }

            bool isAlike = norms[i] is null && ready[i] == readyAlone[i] && makes == makesAlone;
            var together = With(operation, null, !isAlike, ready[i], makes);
            var alone = isAlike ? together : With(operation, norms[i], false, readyAlone[i], makesAlone);
            fused[i] = (isMadeByTaker ? null : alone, together);
        }

        return fused;
    }

    private static Operation With(Operation operation, Norm? norm, bool isForSeveral, bool isInt8Ready, bool makesInt8)
    {
        if (operation is MatrixProduct product)
        {
            operation = product with { Norm = norm, IsForSeveral = isForSeveral, IsInt8Ready = isInt8Ready && norm is null };
        }

        return operation switch
        {
            Norm one => one with { MakesInt8 = makesInt8 },
            GatedProduct one => one with { MakesInt8 = makesInt8 },
            Attend one => one with { MakesInt8 = makesInt8 },
            _ => operation,
        };
    }

    // Whether a product computes the norm of one decoded row itself.
    private bool MakesNorm(Operation? operation) =>
        operation is MatrixProduct { Matrix: var matrix } && !isAdapted(matrix) && family.MakesNorm(matrix, activations);

    // Whether an operation is a product with eight-bit input.
    private bool TakesInt8(Operation? operation) => operation is MatrixProduct { Matrix: var matrix }
        && activations == ActivationType.Int8 && QuantizedActivations.Fit(matrix.Columns)
            && matrix.Bands.Any(band => band.Format.IsQuantized());
}
