using ILGPU;
using ILGPU.Runtime;
using Mistral.Ilgpu.Checkpoints;
using Mistral.Ilgpu.Kernels;

namespace Mistral.Ilgpu.Execution;

/// <summary>Matrix products.</summary>
public sealed partial class KernelSet
{
    /// <summary>
    /// output = weights × input, or output += with <paramref name="addToResidual"/>. Bytes: the weights once, inputs and
    /// outputs; 2 operations per weight and row. Weights of adapters that are on count as well.
    /// </summary>
    public Step MatMul(
        string name, WeightMatrix weights, Activation input, Activation output, RowSet? rowSet = null, bool addToResidual = false)
    {
        var rows = rowSet ?? RowSet.Tokens;
        Require(weights.Columns == input.Columns, name, $"weights of {input.Columns} columns", $"{weights.Columns}");
        Require(weights.Rows == output.Columns, name, $"weights of {output.Columns} rows", $"{weights.Rows}");
        return new Step(
            name, Product(name, weights, input, output, rows, addToResidual), pass => MatMulCost(weights, rows.Count(pass)), rows, output);
    }

    private Launch Product(string name, WeightMatrix weights, Activation input, Activation output, RowSet rows, bool addToResidual)
    {
        var product = QuantizeFor(weights, input, rows);
        WeightBand? before = null;
        foreach (var band in weights.Bands)
        {
            product += Prepare(band, before, input, rows);
            before = band;
            product += addToResidual
                ? Product<AddToResidual>(name, band, input, output, rows)
                : Product<Assign>(name, band, input, output, rows);
        }

        foreach (var update in weights.Updates)
        {
            product += Update(name, update, input, output, rows);
        }

        return product!;
    }

    private Launch Update(string name, LowRankUpdate update, Activation input, Activation output, RowSet rows)
    {
        var both = Product<Assign>(name, update.Down.Bands[0], input, update.Inner, rows)
            + Product<AddToResidual>(name, update.Up, update.Inner, output, rows);
        return new Launch(pass =>
        {
            if (update.IsOn())
            {
                both.Run(pass);
            }
        });
    }

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
            output.MostPacked = packed is null ? 0 : 1;
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

    private Launch Product<TResult>(string name, WeightBand band, Activation input, Activation output, RowSet rows)
        where TResult : struct, IResult, IEpilogue => band.Format switch
        {
            _ when IsForTensorCores(band.Format) => TensorProduct<TResult>(band, input, output, rows),
            TensorFormat.Float32 => Elements<Float32, float, TResult>(band, input, output, rows),
            TensorFormat.BFloat16 => Elements<BFloat16, ushort, TResult>(band, input, output, rows),
            TensorFormat.Float16 => Elements<Float16, ushort, TResult>(band, input, output, rows),
            TensorFormat.Q8_0 => StripBlocks<Q8_0, TResult>(name, band, input, output, rows),
            TensorFormat.Q4_0 => StripBlocks<Q4_0, TResult>(name, band, input, output, rows),
            TensorFormat.Q4_1 => StripBlocks<Q4_1, TResult>(name, band, input, output, rows),
            TensorFormat.Q5_0 => StripBlocks<Q5_0, TResult>(name, band, input, output, rows),
            TensorFormat.Q5_1 => StripBlocks<Q5_1, TResult>(name, band, input, output, rows),
            TensorFormat.Q2_K => StripBlocks<Q2_K, TResult>(name, band, input, output, rows),
            TensorFormat.Q3_K => StripBlocks<Q3_K, TResult>(name, band, input, output, rows),
            TensorFormat.Q4_K => StripBlocks<Q4_K, TResult>(name, band, input, output, rows),
            TensorFormat.Q5_K => StripBlocks<Q5_K, TResult>(name, band, input, output, rows),
            TensorFormat.Q6_K => StripBlocks<Q6_K, TResult>(name, band, input, output, rows),
            TensorFormat.IQ4_NL => StripBlocks<IQ4_NL, TResult>(name, band, input, output, rows),
            TensorFormat.IQ4_XS => StripBlocks<IQ4_XS, TResult>(name, band, input, output, rows),
            _ => throw new ArgumentOutOfRangeException(nameof(band)),
        };

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
    /// one a row gets depends on its sequence alone, and neither sums a row otherwise for the company it has in the pass.
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
    private Launch? QuantizeFor(WeightMatrix weights, Activation input, RowSet rows)
    {
        if (_plan.Family == KernelFamily.Cuda || input.IsQuantized || activations != ActivationType.Int8
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

    private static StepCost MatMulCost(WeightMatrix weights, long rows) =>
        UpdateCost(weights, rows) + MatMulCost(weights.Bytes, weights.Rows, weights.Columns, rows);

    internal static StepCost MatMulCost(long weightBytes, int weightRows, int columns, long rows) =>
        new(weightBytes + (rows * (weightRows + columns) * sizeof(float)), 2 * rows * weightRows * columns);

    // The inner activations of an adapter are too few to count.
    private static StepCost UpdateCost(WeightMatrix weights, long rows) => weights.Updates
        .Where(update => update.IsOn())
        .SelectMany(update => update.Down.Bands.Append(update.Up))
        .Select(band => new StepCost(band.SizeInBytes, 2 * rows * band.Rows * band.Columns))
        .Aggregate(default(StepCost), (all, one) => all + one);

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
