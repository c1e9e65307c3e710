using ILGPU;
using ILGPU.Runtime;
using Mistral.Ilgpu.Checkpoints.Formats;
using Mistral.Ilgpu.Checkpoints;
using Mistral.Ilgpu.Kernels;
using Mistral.Ilgpu.Planning;

namespace Mistral.Ilgpu.Execution;

/// <summary>Matrix products.</summary>
public sealed partial class KernelSet
{
    /// <summary>See <see cref="Planning.Product"/>; then what adapters add.</summary>
    public Launch MatMul(string name, WeightMatrix weights, ProductInput from, Activation output, bool addToResidual = false)
    {
        var input = from.Values;
        Require(weights.Columns == input.Columns, name, $"weights of {input.Columns} columns", $"{weights.Columns}");
        Require(weights.Rows == output.Columns, name, $"weights of {output.Columns} rows", $"{weights.Rows}");
        return Product(name, weights, from, output, addToResidual);
    }

    private Launch Product(string name, WeightMatrix weights, ProductInput input, Activation output, bool addToResidual)
    {
        var rows = input.Rows;
        var product = QuantizeFor(weights, input);
        WeightBand? before = null;
        foreach (var band in weights.Bands)
        {
            product += Prepare(band, before, input);
            before = band;
            product += addToResidual
                ? Product<AddToResidual>(name, band, input, output)
                : Product<Assign>(name, band, input, output);
        }

        foreach (var update in weights.Updates)
        {
            product += Update(name, update, input.Values, output, rows);
        }

        return product!;
    }

    private Launch Update(string name, LowRankUpdate update, Activation input, Activation output, RowSet rows)
    {
        var both = Product<Assign>(name, update.Down.Bands[0], new ProductInput(input, rows), update.Inner)
            + Product<AddToResidual>(name, update.Up, new ProductInput(update.Inner, rows), output);
        return new Launch(pass =>
        {
            if (update.IsOn())
            {
                both.Run(pass);
            }
        });
    }

    private Launch Product<TResult>(string name, WeightBand band, ProductInput input, Activation output)
        where TResult : struct, IResult, IEpilogue => band.Format switch
        {
            _ when IsForTensorCores(band.Format) => TensorProduct<TResult>(band, input, output),
            TensorFormat.Float32 => Elements<Float32, float, TResult>(band, input.Values, output, input.Rows),
            TensorFormat.BFloat16 => Elements<BFloat16, ushort, TResult>(band, input.Values, output, input.Rows),
            TensorFormat.Float16 => Elements<Float16, ushort, TResult>(band, input.Values, output, input.Rows),
            _ => BlockFormats.Use(band.Format, new StripProduct<TResult>(this, name, band, input.Values, output, input.Rows)),
        };

    private sealed record StripProduct<TResult>(KernelSet Kernels, string Name, WeightBand Band, Activation Input, Activation Output, RowSet Rows)
        : IBlockFormatUse<Launch>
        where TResult : struct, IResult
    {
        Launch IBlockFormatUse<Launch>.Of<TFormat>() => Kernels.StripBlocks<TFormat, TResult>(Name, Band, Input, Output, Rows);
    }

    private Launch Elements<TFormat, TElement, TResult>(WeightBand band, Activation input, Activation output, RowSet rows)
        where TFormat : struct, IWeightFormat<TElement>
        where TElement : unmanaged
        where TResult : struct, IResult, IEpilogue
    {
        var view = band.View<TElement>();
        var to = Below(output.View, band);
        if (_plan.Family == KernelFamily.CpuAccelerator)
        {
            var vectors = new MatVecVectors<TFormat, TElement, TResult>(
                state, view, input.View, to, band.Rows, input.Stride, output.Stride, rows.Range);
            return Launcher(vectors, _ => _plan.Coarse(band.Rows));
        }

        if (band.Layout == WeightLayout.Strips)
        {
            var strips = new StripMatVec<TFormat, TElement, TResult>(
                state, view, input.View, to, band.Rows, input.Stride, output.Stride, rows.Range);
            return Launcher(strips, _ => _plan.Coarse(Strip.Count(band.Rows)));
        }

        if (_plan.Family == KernelFamily.OpenClCpu)
        {
            var lanes = new MatVecLanes<TFormat, TElement, TResult>(
                state, view, input.View, to, band.Rows, input.Stride, output.Stride, rows.Range);
            return Launcher(lanes, _ => LaunchPlan.Rows(band.Rows));
        }

        return Forms(
            rows, _plan.Family == KernelFamily.Cuda ? Warps : Few, set => Tiles<TFormat, TElement, TResult>(band, input, output, set));

        Launch Warps(RowSet set) => WarpPerRow<TFormat, TElement, TResult>(band, input, output, band.Rows, set);

        Launch Few(RowSet set) => Launcher(
            new MatVecGroup<TFormat, TElement, TResult>(view, input.View, to, input.Stride, output.Stride),
            pass => GroupPerRow(band.Rows, set.Count(pass)));
    }

    /// <summary>
    /// Decoded tokens, and rows of logits, in the form for few; prompts, and texts that are scored, in the form for many. Which
    /// one a row gets depends on its sequence alone, and each sums it in the same order whatever else is in the pass.
    /// </summary>
    private static Launch Forms(RowSet rows, Func<RowSet, Launch> few, Func<RowSet, Launch> many)
    {
        if (rows == RowSet.Logits)
        {
            var (generate, score) = (few(rows), many(rows));
            return new Launch(pass => (pass.IsScoring ? score : generate).Run(pass));
        }

        var (decode, prefill) = (few(RowSet.Decode), many(RowSet.Prefill));
        return new Launch(pass =>
        {
            if (pass.DecodeCount > 0)
            {
                decode.Run(pass);
            }

            if (pass.PrefillCount > 0)
            {
                prefill.Run(pass);
            }
        });
    }

    private KernelConfig GroupPerRow(int rows, int tokens) =>
        new(new Index3D(rows, tokens, 1), new Index3D(_plan.ReductionGroup, 1, 1));

    private Launch StripBlocks<TFormat, TResult>(string name, WeightBand band, Activation input, Activation output, RowSet rows)
        where TFormat : struct, IStripFormat
        where TResult : struct, IResult
    {
        if (band.Layout == WeightLayout.Rows)
        {
            return Blocks<TFormat, TResult>(name, band, input, output, rows);
        }

        var strips = new BlockStripMatVec<TFormat, TResult>(
            state, band.Strips, Quantized(name, input), Below(output.View, band), band.Rows, output.Stride, rows.Range);
        return Launcher(strips, _ => _plan.Coarse(Strip.Count(band.Rows)));
    }

    private static Int8Input Quantized(string name, Activation input) =>
        input.Quantized ?? throw new ArgumentException($"step {name}: expected room for {input.Name} in eight bits");

    private Launch Blocks<TFormat, TResult>(string name, WeightBand band, Activation input, Activation output, RowSet rows)
        where TFormat : struct, IBlockFormat
        where TResult : struct, IResult
    {
        if (activations != ActivationType.Int8)
        {
            return WithInput(new FloatInput(input.View, input.Stride));
        }

        var quantized = Quantized(name, input);
        if (UsesVectors(input))
        {
            var vectors = new BlockMatVecVectors<TFormat, TResult>(
                state, band.Blocks, VectorInput.In(quantized), Below(output.View, band), band.Rows, output.Stride, rows.Range);
            return Launcher(vectors, _ => _plan.Coarse(band.Rows));
        }

        if (_plan.Family != KernelFamily.OpenClCpu)
        {
            return WithInput(quantized);
        }

        var lanes = new BlockMatVecLanes<TFormat, TResult>(
            state, band.Blocks, quantized, Below(output.View, band), band.Rows, output.Stride, rows.Range);
        return Launcher(lanes, _ => LaunchPlan.Rows(band.Rows));

        Launch WithInput<TInput>(TInput blockInput)
            where TInput : struct, IBlockInput
        {
            var to = Below(output.View, band);
            if (_plan.LikesGroups)
            {
                return Launcher(
                    new BlockMatVecGroup<TFormat, TInput, TResult>(band.Blocks, blockInput, to, output.Stride),
                    pass => GroupPerRow(band.Rows, rows.Count(pass)));
            }

            var row = new BlockMatVecRow<TFormat, TInput, TResult>(
                state, band.Blocks, blockInput, to, band.Rows, output.Stride, rows.Range);
            return Launcher(row, _ => _plan.Family == KernelFamily.OpenClCpu ? LaunchPlan.Rows(band.Rows) : _plan.Coarse(band.Rows));
        }
    }

    /// <summary>What brings the input to eight bits, or null where it comes so or no weights want it.</summary>
    private Launch? QuantizeFor(WeightMatrix weights, ProductInput made)
    {
        var (input, rows) = (made.Values, made.Rows);
        if (_plan.Family == KernelFamily.Cuda || made.IsInt8Ready || activations != ActivationType.Int8
            || input.Quantized is not { } quantized || !weights.Bands.Any(band => band.Format.IsQuantized()))
        {
            return null;
        }

        if (UsesVectors(input))
        {
            var vectors = new QuantizeInputVectors(state, input.View, VectorInput.In(quantized), input.Stride, rows.Range);
            return Launcher(vectors, pass => _plan.Coarse((long)rows.Count(pass) * (input.Columns / BlockRun.Length)));
        }

        KernelConfig Shape(Pass pass) => _plan.Elements((long)rows.Count(pass) * (input.Columns / BlockRun.Length));
        return HasLanes(input.Columns)
            ? Launcher(new QuantizeInputLanes(state, input.View, quantized, input.Stride, rows.Range), Shape)
            : Launcher(new QuantizeInput(state, input.View, quantized, input.Stride, rows.Range), Shape);
    }

    // Shorter rows, of test models, are left to the simple form.
    private bool UsesVectors(Activation input) => _plan.Family == KernelFamily.CpuAccelerator && input.Columns >= BlockMatVecVectors.LeastColumns;

    // A band's first row of weights makes column FirstRow of the output.
    private static ArrayView<float> Below(ArrayView<float> output, WeightBand band) =>
        output.SubView(band.FirstRow, output.Length - band.FirstRow);

    private Launch Tiles<TFormat, TElement, TResult>(WeightBand band, Activation input, Activation output, RowSet rows)
        where TFormat : struct, IWeightFormat<TElement>
        where TElement : unmanaged
        where TResult : struct, IResult
    {
        const int Tile = MatMulTile<TFormat, TElement, TResult>.Tile;
        var tiles = new MatMulTile<TFormat, TElement, TResult>(
            state, band.View<TElement>(), input.View, Below(output.View, band), band.Rows, input.Stride, output.Stride, rows.Range);
        return Launcher(tiles, pass => new KernelConfig(
            new Index3D((band.Rows + Tile - 1) / Tile, (rows.Count(pass) + Tile - 1) / Tile, 1),
            new Index3D(MatMulTile<TFormat, TElement, TResult>.GroupSize, 1, 1)));
    }

    /// <summary>What the adapters that are on add. Their inner activations are too few to count.</summary>
    internal static StepCost UpdateCost(WeightMatrix weights, long rows) => weights.Updates
        .Where(update => update.IsOn())
        .SelectMany(update => update.Down.Bands.Append(update.Up))
        .Select(band => new StepCost(band.SizeInBytes, 2 * rows * band.Rows * band.Columns))
        .Aggregate(default(StepCost), (all, one) => all + one);
}
