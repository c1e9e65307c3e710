using ILGPU;
using ILGPU.Runtime;
using Mistral.Ilgpu.Execution.Buffers;
using Mistral.Ilgpu.Execution.Passes;
using Mistral.Ilgpu.Planning;

namespace Mistral.Ilgpu.Execution.Families;

/// <summary>Products on tensor cores.</summary>
internal sealed partial class CudaKernels
{
    private protected override Launch Product<TResult>(string name, WeightBand band, ProductInput input, Activation output) =>
        Multiplies(band.Format) ? TensorProduct<TResult>(band, input, output) : base.Product<TResult>(name, band, input, output);

    private protected override Launch Gate(
        string name, WeightMatrix gateUp, ProductInput input, Activation products, Activation output, bool makesInt8) =>
        gateUp is { Bands: [var band], Updates: [] } && Multiplies(band.Format)
            ? (Prepare(band, null, input) + TensorProduct<GateWithSilu>(band, input, output, makesInt8))!
            : base.Gate(name, gateUp, input, products, output, makesInt8);

    private protected override Launch Few<TFormat, TElement, TResult>(
        WeightBand band, Activation input, Activation output, RowSet set) =>
        WarpPerRow<TFormat, TElement, TResult>(band, input, output, band.Rows, set);

    private protected override Launch FewGated<TFormat, TElement>(
        WeightBand band, Activation input, Activation output, RowSet set) =>
        WarpPerRow<TFormat, TElement, GateWithSilu>(band, input, output, output.Columns, set);

    // The input is converted to eight bits for each band.
    private protected override Launch? Prepare(WeightMatrix weights, ProductInput input) => null;

    private bool Multiplies(TensorFormat format) => Cuda.Multiplies(format, Activations);

    /// <summary>Converts the input of a few tokens to eight bits.</summary>
    private Launch Pack(Activation input, RowSet rows) => Forms(
        rows,
        set => Launcher(
            new QuantizePacked(State, input.View, Room(input).Packed!.Value, input.Stride, set.Range),
            pass => LaunchShape.Cover(set.Count(pass) * (long)input.Columns / sizeof(uint), WarpRows.GroupSize)),
        _ => Launch.Nothing);

    /// <summary>Converts the input of many tokens to 16 bits.</summary>
    private Launch Round(TensorFormat format, Activation input, RowSet rows)
    {
        return Forms(rows, _ => Launch.Nothing, format == TensorFormat.BFloat16 ? Many<BFloat16Tensor> : Many<Float16Tensor>);

        Launch Many<TTensor>(RowSet set)
            where TTensor : struct, ISplitFormat => Launcher(
                new RoundInput<TTensor>(State, input.View, Room(input).Rounded, input.Stride, set.Range),
                pass => Family.Elements((long)set.Count(pass) * input.Stride / 8));
    }

    /// <summary>
    /// Converts the input to the forms that tensor cores need for a band, unless the previous band has done so: eight bits for a
    /// few
    /// tokens and quantized weights, 16 bits for many. Null if there is nothing to convert.
    /// </summary>
    private protected override Launch? Prepare(WeightBand band, WeightBand? before, ProductInput input)
    {
        // Products with a fused norm have the norm's input as theirs.
        if (!Multiplies(band.Format) || input.Norm is not null)
        {
            return null;
        }

        var rounded = RoundedFor(band.Format);
        bool isReady = before is not null && Multiplies(before.Format) && RoundedFor(before.Format) == rounded;
        bool isPacked = input.IsInt8Ready || before?.Format.IsQuantized() == true;
        return (isReady ? null : Round(rounded, input.Values, input.Rows))
            + (band.Format.IsQuantized() && !isPacked ? Pack(input.Values, input.Rows) : null);
    }

    private static TensorFormat RoundedFor(TensorFormat weights) =>
        weights == TensorFormat.BFloat16 ? weights : TensorFormat.Float16;

    /// <summary>A product with a band on tensor cores. The band of a gated pair contains both matrices.</summary>
    /// <param name="makesInt8">Whether a gated pair also writes its output in eight bits.</param>
    private Launch TensorProduct<TEpilogue>(WeightBand band, ProductInput input, Activation output, bool makesInt8 = false)
        where TEpilogue : struct, IEpilogue => FormatForms.Of(band.Format).TensorProduct<TEpilogue>(
            this, band, input, output, makesInt8 ? Room(output).Packed : null);

    // The rows of a product with a fused norm.
    private static RowSet Decoded(RowSet rows) => rows == RowSet.Logits ? rows : RowSet.Decode;

    internal Launch TensorElements<TTensor, TEpilogue>(WeightBand band, ProductInput input, Activation output)
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
                    new ElementTiles(band.View<ushort>(), band.Stride), band, input.Values, output, set));

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

    internal Launch TensorBlocks<TFormat, TEpilogue>(
        WeightBand band, ProductInput input, Activation output, PackedInput? outputPacked)
        where TFormat : struct, IPackedFormat
        where TEpilogue : struct, IEpilogue
    {
        int made = RowsMade<TEpilogue>(band);
        var to = Below(output.View, band);
        var packed = Room(input.Values).Packed!.Value;
        if (input.Norm is { } fused)
        {
            return TEpilogue.IsGated ? GatedOf(Decoded(input.Rows), fused) : ProductOf(Decoded(input.Rows), fused);
        }

        return Forms(
            input.Rows,
            // Only the staged form writes eight bits, so it is also used for one token then.
            set => BySize(
                set,
                input,
                outputPacked is null ? () => Warps(set) : null,
                () => Several<EightTokens>(set),
                () => Several<SixteenTokens>(set)),
            set => Tile<Float16Tensor, BlockTiles<TFormat>, TEpilogue>(
                new BlockTiles<TFormat>(band.Blocks), band, input.Values, output, set));

        Launch ProductOf(RowSet set, FusedNorm norm) => Launcher(
            new BlockMatVecNormed<TFormat>(
                State, band.Blocks, band.AheadBlocks, norm.Input.View.Cast<Floats4>(),
                norm.Kernel, to, made, norm.Input.Stride, output.Stride, set.Range),
            _ => new KernelConfig(LaunchShape.Groups(made, BlockMatVecNormed<TFormat>.RowsPerGroup), WarpRows.GroupSize));

        Launch GatedOf(RowSet set, FusedNorm norm) => Launcher(
            new BlockSwiGluNormed<TFormat>(
                State, band.Blocks, band.AheadBlocks, norm.Input.View.Cast<Floats4>(),
                norm.Kernel, to, outputPacked.GetValueOrDefault(), made, norm.Input.Stride, output.Stride, set.Range),
            _ => new KernelConfig(LaunchShape.Groups(made, BlockSwiGluNormed<TFormat>.RowsPerGroup), WarpRows.GroupSize));

        Launch Warps(RowSet set) => Launcher(
            new BlockMatVecWarp<TFormat, TEpilogue>(
                State, band.Blocks, band.AheadBlocks, packed, to, made, output.Stride, set.Range),
            pass => new KernelConfig(
                new Index3D(LaunchShape.Groups(made, BlockMatVecWarp<TFormat, TEpilogue>.RowsPerGroup), set.Count(pass), 1),
                new Index3D(WarpRows.GroupSize, 1, 1)));

        Launch Several<TTokens>(RowSet set)
            where TTokens : struct, ITokenBlocks => Cuda.HasStages(band.Columns) ? Staged<TTokens>(set) : Warps(set);

        Launch Staged<TTokens>(RowSet set)
            where TTokens : struct, ITokenBlocks
        {
            var addresses = AddressesOf(band.Blocks, packed);
            var to8 = outputPacked.GetValueOrDefault();
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
            <= Strands.Tokens => toEight.Value,
            _ => more.Value,
        }).Run(pass));
    }

    private Launch Tile<TTensor, TWeights, TEpilogue>(
        TWeights weights, WeightBand band, Activation input, Activation output, RowSet set)
        where TTensor : struct, ITensorFormat
        where TWeights : struct, ITileWeights
        where TEpilogue : struct, IEpilogue
    {
        int made = RowsMade<TEpilogue>(band);
        var (rounded, to) = (Room(input).Rounded, Below(output.View, band));
        // Does not depend on the number of tokens, because a token's sums must not depend on it.
        if (WarpgroupProducts.Of(Device)?.Multiply<TTensor>() == true)
        {
            return Launcher(
                new MatMulWarpgroup<TTensor, TWeights, TEpilogue>(
                    State, weights, rounded, to, made, input.Stride, output.Stride, set.Range),
                pass => WarpgroupProducts.Shape(set.Count(pass), made, TEpilogue.IsGated));
        }

        var tile = new MatMulTensor<TTensor, TWeights, TEpilogue>(
            State, weights, rounded, to, made, input.Stride, output.Stride, set.Range);
        return Launcher(tile, pass => new KernelConfig(
            new Index3D(
                LaunchShape.Groups(set.Count(pass), MatMulTensor<TTensor, TWeights, TEpilogue>.TokensPerGroup),
                LaunchShape.Groups(made, TileRows.PerTile(TEpilogue.IsGated)),
                1),
            new Index3D(TileMemory.GroupSize, 1, 1)));
    }

    private Launch WarpPerRow<TFormat, TElement, TEpilogue>(
        WeightBand band, Activation input, Activation output, int made, RowSet set)
        where TFormat : struct, IWeightFormat<TElement>
        where TElement : unmanaged
        where TEpilogue : struct, IEpilogue => Launcher(
            new MatVecWarp<TFormat, TElement, TEpilogue>(
                State, band.View<TElement>(), input.View, Below(output.View, band), made, input.Stride, output.Stride, set.Range),
            pass => new KernelConfig(
                new Index3D(LaunchShape.Groups(made, WarpRows.WarpsPerGroup), set.Count(pass), 1),
                new Index3D(WarpRows.GroupSize, 1, 1)));

    private static int RowsMade<TEpilogue>(WeightBand band)
        where TEpilogue : struct, IEpilogue => TEpilogue.IsGated ? band.Rows / 2 : band.Rows;
}
