using Mistral.Ilgpu.Checkpoints;
using Mistral.Ilgpu.Kernels;
using Mistral.Ilgpu.Planning;

namespace Mistral.Ilgpu.Execution;

/// <summary>The gated half of a feed-forward layer.</summary>
public sealed partial class KernelSet
{
    /// <summary>See <see cref="GatedProduct"/>; adapters change both products.</summary>
    /// <param name="products">Room for both products of a chunk.</param>
    /// <param name="makesInt8">See <see cref="GatedProduct.MakesInt8"/>.</param>
    public Launch SwiGlu(string name, WeightMatrix gateUp, ProductInput from, Activation products, Activation output, bool makesInt8 = false)
    {
        var input = from.Values;
        Require(gateUp.Columns == input.Columns, name, $"weights of {input.Columns} columns", $"{gateUp.Columns}");
        Require(
            gateUp.Rows == 2 * output.Columns && products.Columns == gateUp.Rows, name,
            $"{2 * output.Columns} gates and ups", $"{gateUp.Rows} rows, room for {products.Columns}");
        if (gateUp is { Bands: [var one], Updates: [] } && IsForTensorCores(one.Format))
        {
            return (Prepare(one, null, from) + TensorProduct<GateWithSilu>(one, from, output, makesInt8))!;
        }

        return gateUp is { Bands: [{ Format: var format, Layout: WeightLayout.Rows } band], Updates: [] } && !format.IsQuantized()
            ? format switch
            {
                TensorFormat.Float32 => SwiGlu<Float32, float>(band, input, products, output),
                TensorFormat.BFloat16 => SwiGlu<BFloat16, ushort>(band, input, products, output),
                _ => SwiGlu<Float16, ushort>(band, input, products, output),
            }
            : Product(name, gateUp, from, products, addToResidual: false) + Activate(products, output, RowSet.Tokens, makesInt8);
    }

    private Launch SwiGlu<TFormat, TElement>(WeightBand band, Activation input, Activation products, Activation output)
        where TFormat : struct, IWeightFormat<TElement>
        where TElement : unmanaged
    {
        var view = band.View<TElement>();
        int rows = output.Columns;
        if (_plan.Family == KernelFamily.CpuAccelerator)
        {
            var vectors = new GatedMatVecVectors<TFormat, TElement>(
                state, view, input.View, output.View, rows, input.Stride, output.Stride, RowSet.Tokens.Range);
            return Launcher(vectors, _ => _plan.Coarse(rows));
        }

        return Forms(
            RowSet.Tokens,
            _plan.Family == KernelFamily.Cuda ? Warps : Few,
            set => Tiles<TFormat, TElement, Assign>(band, input, products, set) + Activate(products, output, set));

        Launch Warps(RowSet set) => WarpPerRow<TFormat, TElement, GateWithSilu>(band, input, output, rows, set);

        Launch Few(RowSet set) => Launcher(
            new GatedMatVecGroup<TFormat, TElement>(view, input.View, output.View, rows, input.Stride, output.Stride),
            pass => GroupPerRow(rows, set.Count(pass)));
    }

    private Launch Activate(Activation products, Activation output, RowSet rows, bool makesInt8 = false)
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

        return makesInt8 ? Lanes<AlsoInt8>() : Lanes<FloatsAlone>();

        Launch Lanes<TExtra>()
            where TExtra : struct, IRunResult => Launcher(
            new SwiGluLanes<TExtra>(
                state, products.View, output.View, output.Quantized.GetValueOrDefault(), output.Columns, products.Stride, output.Stride, rows.Range),
            pass => _plan.Elements((long)rows.Count(pass) * (output.Columns / BlockRun.Length)));
    }
}
