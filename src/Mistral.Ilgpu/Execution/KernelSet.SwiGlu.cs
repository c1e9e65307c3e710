using Mistral.Ilgpu.Checkpoints;
using Mistral.Ilgpu.Kernels;

namespace Mistral.Ilgpu.Execution;

/// <summary>The gated half of a feed-forward layer.</summary>
public sealed partial class KernelSet
{
    /// <summary>
    /// output = silu(gate × input) × (up × input), the first half of a feed-forward layer. Bytes: the weights once, inputs and
    /// outputs; 2 operations per weight and row, and 5 per output. Weights of adapters that are on count as well.
    /// </summary>
    /// <param name="gateUp">Rows of the gate over rows of up.</param>
    /// <param name="products">Room for both products of a chunk.</param>
    /// <param name="takenBy">The matrix that the output is multiplied with, which may want it in eight bits too.</param>
    public Step SwiGlu(string name, WeightMatrix gateUp, Activation input, Activation products, Activation output, WeightMatrix? takenBy = null)
    {
        Require(gateUp.Columns == input.Columns, name, $"weights of {input.Columns} columns", $"{gateUp.Columns}");
        Require(
            gateUp.Rows == 2 * output.Columns && products.Columns == gateUp.Rows, name,
            $"{2 * output.Columns} gates and ups", $"{gateUp.Rows} rows, room for {products.Columns}");
        output.MostPacked = 0;
        if (gateUp is { Bands: [var one], Updates: [] } && IsForTensorCores(one.Format))
        {
            var packed = input.Norm is not null && one.Format.IsQuantized() ? PackedFor(output, takenBy) : null;
            output.MostPacked = packed is null ? 0 : HasStages(one) ? int.MaxValue : 1;
            var launch = Prepare(one, null, input, RowSet.Tokens) + TensorProduct<GateWithSilu>(one, input, output, RowSet.Tokens, packed);
            return new Step(name, launch, pass => SwiGluCost(gateUp, pass.TokenCount), RowSet.Tokens, output);
        }

        return gateUp is { Bands: [{ Format: var format, Layout: WeightLayout.Rows } band], Updates: [] } && !format.IsQuantized()
            ? format switch
            {
                TensorFormat.Float32 => SwiGlu<Float32, float>(name, gateUp, band, input, products, output),
                TensorFormat.BFloat16 => SwiGlu<BFloat16, ushort>(name, gateUp, band, input, products, output),
                _ => SwiGlu<Float16, ushort>(name, gateUp, band, input, products, output),
            }
            : new Step(
                name,
                Product(name, gateUp, input, products, RowSet.Tokens, addToResidual: false) + Activate(products, output, RowSet.Tokens, takenBy),
                pass => SwiGluCost(gateUp, pass.TokenCount),
                RowSet.Tokens,
                output);
    }

    private Step SwiGlu<TFormat, TElement>(
        string name, WeightMatrix gateUp, WeightBand band, Activation input, Activation products, Activation output)
        where TFormat : struct, IWeightFormat<TElement>
        where TElement : unmanaged
    {
        var view = band.View<TElement>();
        int rows = output.Columns;
        Func<Pass, StepCost> cost = pass => SwiGluCost(gateUp, pass.TokenCount);
        if (_plan.Family == KernelFamily.CpuAccelerator)
        {
            var vectors = new GatedMatVecVectors<TFormat, TElement>(
                state, view, input.View, output.View, rows, input.Stride, output.Stride, RowSet.Tokens.Range);
            return Step(name, vectors, _ => _plan.Coarse(rows), cost, RowSet.Tokens, output);
        }

        var forms = Forms(
            RowSet.Tokens,
            _plan.Family == KernelFamily.Cuda ? Warps : Few,
            set => Tiles<TFormat, TElement, Assign>(band, input, products, set) + Activate(products, output, set));
        return new Step(name, forms, cost, RowSet.Tokens, output);

        Launch Warps(RowSet set) => WarpPerRow<TFormat, TElement, GateWithSilu>(band, input, output, rows, set);

        Launch Few(RowSet set) => Launcher(
            new GatedMatVecGroup<TFormat, TElement>(view, input.View, output.View, rows, input.Stride, output.Stride),
            pass => GroupPerRow(rows, set.Count(pass)));
    }

    private Launch Activate(Activation products, Activation output, RowSet rows, WeightMatrix? takenBy = null)
    {
        if (_plan.Family == KernelFamily.CpuAccelerator && output.Columns % Padding.Columns == 0)
        {
            return Launcher(
                new SwiGluVectors(state, products.View, output.View, output.Columns, products.Stride, output.Stride, rows.Range),
                pass => _plan.Elements((long)rows.Count(pass) * output.Columns));
        }

        if (!HasLanes(output.Columns))
        {
            return Launcher(
                new SwiGlu(state, products.View, output.View, output.Columns, products.Stride, output.Stride, rows.Range),
                pass => _plan.Elements((long)rows.Count(pass) * output.Columns));
        }

        return Quantizes(output, takenBy) ? Lanes<AlsoInt8>() : Lanes<FloatsAlone>();

        Launch Lanes<TExtra>()
            where TExtra : struct, IRunResult => Launcher(
            new SwiGluLanes<TExtra>(
                state, products.View, output.View, output.Quantized.GetValueOrDefault(), output.Columns, products.Stride, output.Stride, rows.Range),
            pass => _plan.Elements((long)rows.Count(pass) * (output.Columns / BlockRun.Length)));
    }

    private static StepCost SwiGluCost(WeightMatrix gateUp, long tokens) =>
        UpdateCost(gateUp, tokens) + SwiGluCost(gateUp.Bytes, gateUp.Rows, gateUp.Columns, tokens);

    internal static StepCost SwiGluCost(long weightBytes, int weightRows, int columns, long tokens)
    {
        long outputs = tokens * weightRows / 2;
        return new StepCost(
            weightBytes + (((tokens * columns) + outputs) * sizeof(float)),
            (2 * tokens * weightRows * columns) + (5 * outputs));
    }
}
