using Mistral.Ilgpu.Execution.Buffers;
using Mistral.Ilgpu.Planning;

namespace Mistral.Ilgpu.Execution.Families;

/// <summary>
/// Rewrites a plan for a family of devices, by rules that see an operation and the consumer of its output.
/// Products of one decoded row compute their norm themselves.
/// An operation whose output goes to quantized weights also writes it in eight bits. Rows of prompts that are multiplied in 16
/// bits are written in 16 bits alone.
/// </summary>
/// <param name="isAdapted">Whether adapters change the product with a matrix.</param>
internal sealed class Fusion(Family family, ActivationType activations, Func<MatrixPlan, bool> isAdapted)
{
    /// <summary>
    /// Each operation as passes of one decoded row run it, and as others do; null if another operation does its work. Both are
    /// the same instance if they do not differ.
    /// </summary>
    public IReadOnlyList<(Operation? Alone, Operation? Together)> Fuse(ModelPlan plan)
    {
        int count = plan.Operations.Count;
        var (norms, ready, readyAlone) = (new Norm?[count], new OutputForms[count], new OutputForms[count]);
        var fused = new (Operation? Alone, Operation? Together)[count];
        for (int i = 0; i < count; i++)
        {
            var operation = plan.Operations[i];
            int at = plan.TakerOf(i);
            var taker = at < 0 ? null : plan.Operations[at];
            bool makesNorm = MakesNorm(operation);
            var rounded = plan.IsTakenOnce(i) ? Rounded(operation, taker) : null;
            var makes = new OutputForms(
                TakesInt8(taker) && family.MakesInt8(operation, isAlone: false, makesNorm), rounded);
            var makesAlone = new OutputForms(
                TakesInt8(taker) && family.MakesInt8(operation, isAlone: true, makesNorm), rounded);
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

    private static Operation With(
        Operation operation, Norm? norm, bool isForSeveral, OutputForms ready, OutputForms makes) => operation switch
        {
            MatrixProduct one => one with
            {
                Norm = norm, IsForSeveral = isForSeveral, IsInt8Ready = ready.Int8 && norm is null,
                IsRounded = ready.Rounded is not null, Forms = makes,
            },
            _ => operation with { Forms = makes },
        };

    // The 16-bit format in which an operation writes rows of prompts for its taker. Adapters need float32.
    private TensorFormat? Rounded(Operation operation, Operation? taker) =>
        taker is MatrixProduct { Matrix: var matrix } && !isAdapted(matrix)
            && !(operation is MatrixProduct { Matrix: var own } && isAdapted(own))
            && family.RoundedFor(matrix, activations) is { } format && family.MakesRounded(operation, format, activations)
            ? format
            : null;

    // Whether a product computes the norm of one decoded row itself.
    private bool MakesNorm(Operation? operation) =>
        operation is MatrixProduct { Matrix: var matrix } && !isAdapted(matrix) && family.MakesNorm(matrix, activations);

    // Whether an operation is a product with eight-bit input.
    private bool TakesInt8(Operation? operation) => operation is MatrixProduct { Matrix: var matrix }
        && activations == ActivationType.Int8 && QuantizedActivations.Fit(matrix.Columns)
            && matrix.Bands.Any(band => band.Format.IsQuantized());
}
