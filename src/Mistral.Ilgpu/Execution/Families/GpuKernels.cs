using ILGPU;
using Mistral.Ilgpu.Execution.Buffers;
using Mistral.Ilgpu.Execution.Devices;
using Mistral.Ilgpu.Execution.Passes;
using Mistral.Ilgpu.Planning;

namespace Mistral.Ilgpu.Execution.Families;

/// <summary>Forms by groups that exchange sums through shared memory.</summary>
internal partial class GpuKernels(
    Gpu family, ComputeDevice device, StepState state, ActivationType activations, IKernelBinder binder)
    : RowKernels(family, device, state, activations, binder)
{
    // Group size of kernels that reduce through shared memory.
    private int ReductionGroup { get; } = ReductionGroups.Of(device).Size;

    private protected override Launch Norm(
        Activation input, ArrayView<float> gain, Activation output, float epsilon, RowSet rows, OutputForms forms) => Launcher(
        new RmsNormGroup(State, input.View, gain, output.View, input.Columns, input.Stride, epsilon, rows.Range),
        pass => new KernelConfig(rows.Count(pass), ReductionGroup));

    private protected override Launch Choose(Activation logits, ArrayView<int> result) => Family.DrawsTokens
        ? Launcher(
            new ChooseGroup(State, logits.View.Cast<Floats4>(), result, logits.Columns, logits.Stride),
            pass => new KernelConfig(pass.LogitCount, family.ChoiceGroup))
        : Launcher(
            new ArgMaxGroup(logits.View, result, logits.Columns, logits.Stride),
            pass => new KernelConfig(pass.LogitCount, GroupReduce.MaxGroupSize));

    internal override Launch Elements<TFormat, TElement, TResult>(
        WeightBand band, Activation input, Activation output, RowSet rows) =>
        Forms(
            rows,
            set => Few<TFormat, TElement, TResult>(band, input, output, set),
            set => Tiles<TFormat, TElement, TResult>(band, input, output, set));

    internal override Launch Blocks<TFormat, TResult>(
        string name, WeightBand band, Activation input, Activation output, RowSet rows)
    {
        if (Activations != ActivationType.Int8)
        {
            return Groups(new FloatInput(input.View, input.Stride), rows);
        }

        var quantized = Quantized(name, input);
        // Quads are four bytes to an int, as packed inputs have them.
        var packed = new PackedInput(quantized.Quads.Cast<uint>(), quantized.Runs, quantized.Stride);
        return Forms(
            rows, set => Groups(quantized, set), set => BlockTiles<TFormat, TResult>(band, packed, output, set));

        Launch Groups<TInput>(TInput from, RowSet set)
            where TInput : struct, IBlockInput => Launcher(
            new BlockMatVecGroup<TFormat, TInput, TResult>(band.Blocks, from, Below(output.View, band), output.Stride),
            pass => GroupPerRow(band.Rows, set.Count(pass)));
    }

    /// <summary>A product of many tokens in eight bits.</summary>
    private protected Launch BlockTiles<TFormat, TEpilogue>(
        WeightBand band, PackedInput input, Activation output, RowSet set)
        where TFormat : struct, IPackedFormat
        where TEpilogue : struct, IEpilogue
    {
        int made = RowsMade<TEpilogue>(band);
        return Launcher(
            new BlockMatMulTile<TFormat, TEpilogue>(
                State, band.Blocks, input, Below(output.View, band), made, output.Stride, set.Range),
            pass => LaunchShape.Tiles(made, TEpilogue.IsGated, set.Count(pass)));
    }

    /// <summary>Rows of output that a band makes.</summary>
    private protected static int RowsMade<TEpilogue>(WeightBand band)
        where TEpilogue : struct, IEpilogue => TEpilogue.IsGated ? band.Rows / 2 : band.Rows;

    internal override Launch GatedElements<TFormat, TElement>(
        WeightBand band, Activation input, Activation products, Activation output) => Forms(
        RowSet.Tokens,
        set => FewGated<TFormat, TElement>(band, input, output, set),
        set => GatedTiles<TFormat, TElement>(band, input, products, output, set));

    /// <summary>A product of a few tokens.</summary>
    private protected virtual Launch Few<TFormat, TElement, TResult>(
        WeightBand band, Activation input, Activation output, RowSet set)
        where TFormat : struct, IWeightFormat<TElement>
        where TElement : unmanaged
        where TResult : struct, IResult, IEpilogue => Launcher(
        new MatVecGroup<TFormat, TElement, TResult>(
            band.View<TElement>(), input.View, Below(output.View, band), input.Stride, output.Stride),
        pass => GroupPerRow(band.Rows, set.Count(pass)));

    /// <summary>A gated product of a few tokens.</summary>
    private protected virtual Launch FewGated<TFormat, TElement>(WeightBand band, Activation input, Activation output, RowSet set)
        where TFormat : struct, IWeightFormat<TElement>
        where TElement : unmanaged => Launcher(
        new GatedMatVecGroup<TFormat, TElement>(
            band.View<TElement>(), input.View, output.View, output.Columns, input.Stride, output.Stride),
        pass => GroupPerRow(output.Columns, set.Count(pass)));

    /// <summary>
    /// Chooses the form: decoded tokens and rows of logits use the one for a few tokens, prompts and scored texts the one for
    /// many.
    /// The choice depends on a row's sequence alone. Each form sums a row in the same order whatever else is in the pass.
    /// </summary>
    private protected static Launch Forms(RowSet rows, Func<RowSet, Launch> few, Func<RowSet, Launch> many)
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

    /// <summary>A gated product of many tokens.</summary>
    private protected virtual Launch GatedTiles<TFormat, TElement>(
        WeightBand band, Activation input, Activation products, Activation output, RowSet set)
        where TFormat : struct, IWeightFormat<TElement>
        where TElement : unmanaged =>
        Tiles<TFormat, TElement, Assign>(band, input, products, set) + Activate(products, output, set);

    /// <summary>A product of many tokens.</summary>
    private protected virtual Launch Tiles<TFormat, TElement, TResult>(
        WeightBand band, Activation input, Activation output, RowSet rows)
        where TFormat : struct, IWeightFormat<TElement>
        where TElement : unmanaged
        where TResult : struct, IResult, IEpilogue
    {
        const int Tile = MatMulTile<TFormat, TElement, TResult>.Tile;
        var tiles = new MatMulTile<TFormat, TElement, TResult>(
            State, band.View<TElement>(), input.View, Below(output.View, band),
            band.Rows, input.Stride, output.Stride, rows.Range);
        return Launcher(tiles, pass => new KernelConfig(
            new Index3D(LaunchShape.Groups(band.Rows, Tile), LaunchShape.Groups(rows.Count(pass), Tile), 1),
            new Index3D(MatMulTile<TFormat, TElement, TResult>.GroupSize, 1, 1)));
    }

    private KernelConfig GroupPerRow(int rows, int tokens) =>
        new(new Index3D(rows, tokens, 1), new Index3D(ReductionGroup, 1, 1));
}
