using ILGPU;
using ILGPU.Runtime;
using Mistral.Ilgpu.Execution.Buffers;
using Mistral.Ilgpu.Execution.Passes;
using Mistral.Ilgpu.Planning;

namespace Mistral.Ilgpu.Execution.Families;

/// <summary>Products on tensor cores.</summary>
internal sealed partial class CudaKernels
{
    private protected override Launch Round(TensorFormat format, Activation input, RowSet set)
    {
        return format == TensorFormat.BFloat16 ? To<BFloat16Tensor>() : To<Float16Tensor>();

        Launch To<TTensor>()
            where TTensor : struct, ISplitFormat => Launcher(
                new RoundInput<TTensor>(State, input.View, Room(input).Rounded, input.Stride, set.Range),
                pass => Family.Elements((long)set.Count(pass) * input.Stride / 8));
    }

    internal override Launch WaveElements<TFormat, TElement, TEpilogue>(
        WeightBand band, ProductInput input, Activation output, OutputForms forms) =>
        typeof(TFormat) == typeof(BFloat16)
            ? TensorElements<BFloat16Tensor, TEpilogue>(band, input, output, forms)
            : TensorElements<Float16Tensor, TEpilogue>(band, input, output, forms);

    private Launch TensorElements<TTensor, TEpilogue>(
        WeightBand band, ProductInput input, Activation output, OutputForms forms)
        where TTensor : struct, ISplitFormat
        where TEpilogue : struct, IEpilogue
    {
        int made = RowsMade<TEpilogue>(band);
        var to = Below(output.View, band);
        return input.Norm is { } norm
            ? With<EightTokens, AsNormed>(Decoded(input.Rows), norm.Input, norm.Kernel)
            : Forms(
                input.Rows,
                set => BySize(set, input, null, () => Strand<EightTokens>(set), () => Strand<SixteenTokens>(set)),
                set => Tile<TTensor, ElementTiles, TEpilogue>(
                    new ElementTiles(band.View<ushort>(), band.Stride), band, input.Values, output, set, forms));

        Launch Strand<TTokens>(RowSet set)
            where TTokens : struct, ITokenBlocks => With<TTokens, AsTheyAre>(set, input.Values, default);

        Launch With<TTokens, TNorm>(RowSet set, Activation from, RmsNormed norm)
            where TTokens : struct, ITokenBlocks
            where TNorm : struct, IInputNorm => Launcher(
                new MatVecTensor<TTensor, TTokens, TNorm, TEpilogue>(
                    State, band.View<ushort>(), band.AheadRows, from.View, norm, to, made, from.Stride, output.Stride, set.Range),
                pass => LaunchShape.FewTokens<TTokens>(
                    made, MatVecRows.PerGroup<TTokens, TEpilogue>(), set.Count(pass), WarpRows.GroupSize));
    }

    internal override Launch WaveBlocks<TFormat, TEpilogue>(
        WeightBand band, ProductInput input, Activation output, OutputForms forms)
    {
        int made = RowsMade<TEpilogue>(band);
        var to = Below(output.View, band);
        var packed = Room(input.Values).Packed!.Value;
        if (input.Norm is { } fused)
        {
            return NormedBlocks<TFormat, TEpilogue>(band, input, fused, output, forms);
        }

        return Forms(
            input.Rows,
            // Only the staged form writes eight bits, so it is also used for one token then.
            set => BySize(
                set,
                input,
                forms.Int8 ? null : () => Warps(set),
                () => Several<EightTokens>(set),
                () => Several<SixteenTokens>(set)),
            set => forms.Rounded is null
                ? BlockTile<TFormat, TEpilogue>(band, input.Values, to, output.Stride, set)
                : BlockTile<TFormat, GateRounded<Float16Tensor>>(band, input.Values, RoundedOf(output), output.Stride, set));

        Launch Warps(RowSet set) => WavePerTwoRows<TFormat, TEpilogue>(band, input.Values, output, set);

        Launch Several<TTokens>(RowSet set)
            where TTokens : struct, ITokenBlocks => Cuda.HasStages(band.Columns) ? Staged<TTokens>(set) : Warps(set);

        Launch Staged<TTokens>(RowSet set)
            where TTokens : struct, ITokenBlocks
        {
            var addresses = AddressesOf(band.Blocks, packed);
            var to8 = PackedOf(output, forms);
            return TEpilogue.IsGated && !RunStage.HasRegisters<TFormat>()
                ? Launcher(
                    new BlockSwiGluTensor<TFormat, TTokens>(
                        State, band.Blocks, addresses, to, to8, made, output.Stride, set.Range),
                    pass => LaunchShape.FewTokens<TTokens>(
                        made, RunStage.Rows, set.Count(pass), BlockSwiGluTensor<TFormat, TTokens>.GroupSize))
                : Launcher(
                    new BlockMatVecTensor<TFormat, TTokens, TEpilogue>(
                        State, band.Blocks, addresses, to, to8, made, output.Stride, set.Range),
                    pass => LaunchShape.FewTokens<TTokens>(made, RunStage.Rows, set.Count(pass), WarpRows.GroupSize));
        }
    }

    private Launch BlockTile<TFormat, TEpilogue>(
        WeightBand band, Activation input, ArrayView<float> to, int stride, RowSet set)
        where TFormat : struct, IPackedFormat
        where TEpilogue : struct, IEpilogue
    {
        int made = RowsMade<TEpilogue>(band);
        var products = WarpgroupProducts.Of(Device);
        return products?.TryBlocks<TFormat, TEpilogue>(
            State, band.Blocks, band.Rows, Room(input).Rounded, input.Stride, to, made, stride, set.Range) is { } bulk
            ? Launcher(bulk, pass => products.BlockShape(set.Count(pass), made, TEpilogue.IsGated))
            : TileTo<Float16Tensor, BlockTiles<TFormat>, TEpilogue>(
                new BlockTiles<TFormat>(band.Blocks), band, input, to, stride, set);
    }

    private static RunAddresses AddressesOf(BlockWeights weights, PackedInput input) => new(
        weights.Quants.LoadEffectiveAddressAsPtr(), weights.Scales.LoadEffectiveAddressAsPtr(),
        input.Values.LoadEffectiveAddressAsPtr(), input.Runs.LoadEffectiveAddressAsPtr());

    /// <summary>
    /// Chooses the form by the number of tokens. All forms compute the same bits for a token. Forms for several tokens are
    /// compiled
    /// when a pass first has several.
    /// </summary>
    /// <param name="one">The form for a single token; null if there is none.</param>
    private Launch BySize(RowSet set, ProductInput input, Func<Launch>? one, Func<Launch> eight, Func<Launch> sixteen)
    {
        var (toEight, more) = (Later(eight), Later(sixteen));
        var first = one is null ? toEight : Later(one);
        if (!input.IsForSeveral)
        {
            _ = first.Value;
        }

        return new Launch(pass => (set.Count(pass) switch
        {
            1 => first.Value,
            <= StrandMemory.Tokens => toEight.Value,
            _ => more.Value,
        }).Run(pass));
    }

    private Launch Tile<TTensor, TWeights, TEpilogue>(
        TWeights weights, WeightBand band, Activation input, Activation output, RowSet set, OutputForms forms)
        where TTensor : struct, ISplitFormat
        where TWeights : struct, ITileWeights
        where TEpilogue : struct, IEpilogue
    {
        // What is rounded is the output of a gated pair, to the format of its own input.
        return forms.Rounded is null
            ? TileTo<TTensor, TWeights, TEpilogue>(weights, band, input, Below(output.View, band), output.Stride, set)
            : TileTo<TTensor, TWeights, GateRounded<TTensor>>(weights, band, input, RoundedOf(output), output.Stride, set);
    }

    private Launch TileTo<TTensor, TWeights, TEpilogue>(
        TWeights weights, WeightBand band, Activation input, ArrayView<float> to, int stride, RowSet set)
        where TTensor : struct, ITensorFormat
        where TWeights : struct, ITileWeights
        where TEpilogue : struct, IEpilogue
    {
        int made = RowsMade<TEpilogue>(band);
        var rounded = Room(input).Rounded;
        // Does not depend on the number of tokens, because a token's sums must not depend on it.
        var products = WarpgroupProducts.Of(Device);
        if (weights is ElementTiles elements && products?.MultiplyInBulk<TTensor>() == true
            && products.TryBulk<TTensor, TEpilogue>(
                State, elements, band.Rows, rounded, input.Stride, to, made, stride, set.Range) is { } bulk)
        {
            return Launcher(
                bulk,
                pass => products.BulkShape(set.Count(pass), made, TEpilogue.IsGated));
        }

        if (products?.Multiply<TTensor>() == true)
        {
            return Launcher(
                new MatMulWarpgroup<TTensor, TWeights, TEpilogue>(
                    State, weights, rounded, to, made, input.Stride, stride, set.Range),
                pass => WarpgroupProducts.Shape(set.Count(pass), made, TEpilogue.IsGated));
        }

        var tile = new MatMulTensor<TTensor, TWeights, TEpilogue>(
            State, weights, rounded, to, made, input.Stride, stride, set.Range);
        return Launcher(tile, pass => new KernelConfig(
            new Index3D(
                LaunchShape.Groups(set.Count(pass), MatMulTensor<TTensor, TWeights, TEpilogue>.TokensPerGroup),
                LaunchShape.Groups(made, TileRows.PerTile(TEpilogue.IsGated)),
                1),
            new Index3D(TileMemory.GroupSize, 1, 1)));
    }
}
