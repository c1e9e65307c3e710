using ILGPU;
using ILGPU.Runtime;
using Mistral.Ilgpu.Checkpoints.Formats;
using Mistral.Ilgpu.Checkpoints;
using Mistral.Ilgpu.Kernels;

namespace Mistral.Ilgpu.Execution;

/// <summary>Matrix products on NVIDIA's tensor cores.</summary>
public sealed partial class KernelSet
{
    // They take activations in 8 or 16 bits only.
    private bool IsForTensorCores(TensorFormat format) =>
        _plan.Family == KernelFamily.Cuda && format != TensorFormat.Float32 && activations == ActivationType.Int8;

    /// <summary>What brings the input of few tokens to eight bits, as far as what makes it does not.</summary>
    private Launch Pack(Activation input, RowSet rows)
    {
        int most = input.MostPacked;
        return most == int.MaxValue ? Launch.Nothing : Forms(rows, Few, _ => Launch.Nothing);

        Launch Few(RowSet set)
        {
            var pack = Launcher(
                new QuantizePacked(state, input.View, Room(input).Packed!.Value, input.Stride, set.Range),
                pass => LaunchPlan.One(set.Count(pass) * (long)input.Columns / sizeof(uint), WarpRows.GroupSize));
            return most == 0 ? pack : new Launch(pass =>
            {
                if (set.Count(pass) > most)
                {
                    pack.Run(pass);
                }
            });
        }
    }

    /// <summary>Whether the products with a matrix make the norm of one row themselves.</summary>
    private bool MakesNorm(WeightMatrix? weights) => weights is { Updates: [] }
        && weights.Columns % BlockRun.Length == 0 && weights.Columns <= NormedInput.MostColumns && weights.Bands.All(band => IsForTensorCores(band.Format));

    /// <summary>The room that activations have in eight bits for the matrix that takes them; null where it does not take them so.</summary>
    private PackedInput? PackedFor(Activation output, WeightMatrix? takenBy) =>
        takenBy?.Bands.Any(band => band.Format.IsQuantized() && IsForTensorCores(band.Format)) == true ? output.Tensor?.Packed : null;

    /// <summary>What brings the input of many tokens to 16 bits.</summary>
    private Launch Round(TensorFormat format, Activation input, RowSet rows)
    {
        return Forms(rows, _ => Launch.Nothing, format == TensorFormat.BFloat16 ? Many<BFloat16Tensor> : Many<Float16Tensor>);

        Launch Many<TTensor>(RowSet set)
            where TTensor : struct, ISplitFormat => Launcher(
                new RoundInput<TTensor>(state, input.View, Room(input).Rounded, input.Stride, set.Range),
                pass => _plan.Elements((long)set.Count(pass) * input.Stride / 8));
    }

    /// <summary>
    /// What brings the input to the forms that tensor cores want for a band, as far as the band before has not: eight bits for few tokens
    /// and quantized weights, 16 bits for many. Null where nothing is to do.
    /// </summary>
    private Launch? Prepare(WeightBand band, WeightBand? before, Activation input, RowSet rows)
    {
        if (!IsForTensorCores(band.Format))
        {
            return null;
        }

        var rounded = RoundedFor(band.Format);
        bool isReady = before is not null && IsForTensorCores(before.Format) && RoundedFor(before.Format) == rounded;
        bool isPacked = before?.Format.IsQuantized() ?? false;
        return (isReady ? null : Round(rounded, input, rows)) + (band.Format.IsQuantized() && !isPacked ? Pack(input, rows) : null);
    }

    private static TensorFormat RoundedFor(TensorFormat weights) => weights == TensorFormat.BFloat16 ? weights : TensorFormat.Float16;

    private static TensorInput Room(Activation input) =>
        input.Tensor ?? throw new ArgumentException($"expected room for {input.Name} as tensor cores take it");

    /// <summary>A product with a band for tensor cores. Of a gated pair the band holds both matrices.</summary>
    /// <param name="packed">Room for a gated pair's output in eight bits, if those are wanted.</param>
    private Launch TensorProduct<TEpilogue>(WeightBand band, Activation input, Activation output, RowSet rows, PackedInput? packed = null)
        where TEpilogue : struct, IEpilogue => band.Format switch
        {
            TensorFormat.BFloat16 => TensorElements<BFloat16Tensor, TEpilogue>(band, input, output, rows),
            TensorFormat.Float16 => TensorElements<Float16Tensor, TEpilogue>(band, input, output, rows),
            _ => BlockFormats.Use(band.Format, new PackedProduct<TEpilogue>(this, band, input, output, rows, packed)),
        };

    private sealed record PackedProduct<TEpilogue>(
        KernelSet Kernels, WeightBand Band, Activation Input, Activation Output, RowSet Rows, PackedInput? Packed) : IBlockFormatUse<Launch>
        where TEpilogue : struct, IEpilogue
    {
        Launch IBlockFormatUse<Launch>.Of<TFormat>() => Kernels.TensorBlocks<TFormat, TEpilogue>(Band, Input, Output, Rows, Packed);
    }

    private Launch TensorElements<TTensor, TEpilogue>(WeightBand band, Activation input, Activation output, RowSet rows)
        where TTensor : struct, ISplitFormat
        where TEpilogue : struct, IEpilogue
    {
        int made = RowsMade<TEpilogue>(band);
        var to = Below(output.View, band);
        return Forms(
            rows,
            set => BySize(set, Normed(set), () => Strand<EightTokens>(set), () => Strand<SixteenTokens>(set)),
            set => Tile<TTensor, ElementTiles, TEpilogue>(new ElementTiles(band.View<ushort>(), band.Stride), band, input, output, set));

        Launch? Normed(RowSet set) => input.Norm is { } norm ? With<EightTokens, AsNormed>(set, norm.Input, norm.Kernel) : null;

        Launch Strand<TTokens>(RowSet set)
            where TTokens : struct, ITokenBlocks => With<TTokens, AsTheyAre>(set, input, default);

        Launch With<TTokens, TNorm>(RowSet set, Activation from, RmsNormed norm)
            where TTokens : struct, ITokenBlocks
            where TNorm : struct, IInputNorm => Launcher(
                new MatVecTensor<TTensor, TTokens, TNorm, TEpilogue>(
                    state, band.View<ushort>(), band.AheadRows, from.View, norm, to, made, from.Stride, output.Stride, set.Range),
                pass => LaunchPlan.FewTokens<TTokens>(made, MatVecRows.PerGroup<TTokens, TEpilogue>(), set.Count(pass), WarpRows.GroupSize));
    }

    private Launch TensorBlocks<TFormat, TEpilogue>(WeightBand band, Activation input, Activation output, RowSet rows, PackedInput? outputPacked)
        where TFormat : struct, IPackedFormat
        where TEpilogue : struct, IEpilogue
    {
        int made = RowsMade<TEpilogue>(band);
        var to = Below(output.View, band);
        var packed = Room(input).Packed!.Value;
        return Forms(
            rows,
            set => BySize(set, Normed(set) ?? Warps(set), () => Several<EightTokens>(set), () => Several<SixteenTokens>(set)),
            set => Tile<Float16Tensor, BlockTiles<TFormat>, TEpilogue>(new BlockTiles<TFormat>(band.Blocks), band, input, output, set));

        Launch? Normed(RowSet set) => input.Norm is not { } norm ? null
            : TEpilogue.IsGated ? GatedOf(set, norm) : ProductOf(set, norm);

        Launch ProductOf(RowSet set, FusedNorm norm) => Launcher(
            new BlockMatVecNormed<TFormat>(
                state, band.Blocks, band.AheadBlocks, norm.Input.View.Cast<Float4>(), norm.Kernel, to, made, norm.Input.Stride, output.Stride, set.Range),
            _ => new KernelConfig(LaunchPlan.Groups(made, BlockMatVecNormed<TFormat>.RowsPerGroup), WarpRows.GroupSize));

        Launch GatedOf(RowSet set, FusedNorm norm) => Launcher(
            new BlockSwiGluNormed<TFormat>(
                state, band.Blocks, band.AheadBlocks, norm.Input.View.Cast<Float4>(), norm.Kernel, to, outputPacked.GetValueOrDefault(), made,
                norm.Input.Stride, output.Stride, set.Range),
            _ => new KernelConfig(LaunchPlan.Groups(made, BlockSwiGluNormed<TFormat>.RowsPerGroup), WarpRows.GroupSize));

        Launch Warps(RowSet set) => Launcher(
            new BlockMatVecWarp<TFormat, TEpilogue>(state, band.Blocks, band.AheadBlocks, packed, to, made, output.Stride, set.Range),
            pass => new KernelConfig(
                new Index3D(LaunchPlan.Groups(made, BlockMatVecWarp<TFormat, TEpilogue>.RowsPerGroup), set.Count(pass), 1), new Index3D(WarpRows.GroupSize, 1, 1)));

        Launch Several<TTokens>(RowSet set)
            where TTokens : struct, ITokenBlocks => HasStages(band) ? Staged<TTokens>(set) : Warps(set);

        Launch Staged<TTokens>(RowSet set)
            where TTokens : struct, ITokenBlocks
        {
            var addresses = AddressesOf(band.Blocks, packed);
            var to8 = outputPacked.GetValueOrDefault();
            return TEpilogue.IsGated && !RunStage.HasRegisters<TFormat>()
                ? Launcher(
                    new BlockSwiGluTensor<TFormat, TTokens>(state, band.Blocks, addresses, to, to8, made, output.Stride, set.Range),
                    pass => LaunchPlan.FewTokens<TTokens>(made, RunStage.Rows, set.Count(pass), BlockSwiGluTensor<TFormat, TTokens>.GroupSize))
                : Launcher(
                    new BlockMatVecTensor<TFormat, TTokens, TEpilogue>(state, band.Blocks, addresses, to, to8, made, output.Stride, set.Range),
                    pass => LaunchPlan.FewTokens<TTokens>(made, RunStage.Rows, set.Count(pass), WarpRows.GroupSize));
        }
    }

    private static RunAddresses AddressesOf(BlockWeights weights, PackedInput input) => new(
        weights.Quants.LoadEffectiveAddressAsPtr(), weights.Scales.LoadEffectiveAddressAsPtr(),
        input.Values.LoadEffectiveAddressAsPtr(), input.Runs.LoadEffectiveAddressAsPtr());

    // Whether several tokens are multiplied with it in stages; other matrices are small, and multiplied a token at a time.
    private static bool HasStages(WeightBand band) => band.Columns % RunStage.Columns == 0;

    /// <summary>
    /// The form for as many tokens as there are. All make the same bits of a token. Those for several are compiled when several first come.
    /// </summary>
    /// <param name="one">For one token alone; null where there is no such form.</param>
    private static Launch BySize(RowSet set, Launch? one, Func<Launch> eight, Func<Launch> sixteen)
    {
        var (toEight, more) = (new Lazy<Launch>(eight), new Lazy<Launch>(sixteen));
        var first = one ?? toEight.Value;
        return new Launch(pass => (set.Count(pass) switch
        {
            1 => first,
            <= Strands.Tokens => toEight.Value,
            _ => more.Value,
        }).Run(pass));
    }

    private Launch Tile<TTensor, TWeights, TEpilogue>(TWeights weights, WeightBand band, Activation input, Activation output, RowSet set)
        where TTensor : struct, ITensorFormat
        where TWeights : struct, ITileWeights
        where TEpilogue : struct, IEpilogue
    {
        int made = RowsMade<TEpilogue>(band);
        var (rounded, to) = (Room(input).Rounded, Below(output.View, band));
        // However few tokens a pass has: what a token's sums are must not depend on it.
        if (Device.Warpgroups?.Multiply<TTensor>() == true)
        {
            return Launcher(
                new MatMulWarpgroup<TTensor, TWeights, TEpilogue>(state, weights, rounded, to, made, input.Stride, output.Stride, set.Range),
                pass => WarpgroupProducts.Shape(set.Count(pass), made, TEpilogue.IsGated));
        }

        var tile = new MatMulTensor<TTensor, TWeights, TEpilogue>(state, weights, rounded, to, made, input.Stride, output.Stride, set.Range);
        return Launcher(tile, pass => new KernelConfig(
            new Index3D(
                LaunchPlan.Groups(set.Count(pass), MatMulTensor<TTensor, TWeights, TEpilogue>.TokensPerGroup),
                LaunchPlan.Groups(made, TileRows.PerTile(TEpilogue.IsGated)),
                1),
            new Index3D(TileMemory.GroupSize, 1, 1)));
    }

    private Launch WarpPerRow<TFormat, TElement, TEpilogue>(WeightBand band, Activation input, Activation output, int made, RowSet set)
        where TFormat : struct, IWeightFormat<TElement>
        where TElement : unmanaged
        where TEpilogue : struct, IEpilogue => Launcher(
            new MatVecWarp<TFormat, TElement, TEpilogue>(
                state, band.View<TElement>(), input.View, Below(output.View, band), made, input.Stride, output.Stride, set.Range),
            pass => new KernelConfig(
                new Index3D(LaunchPlan.Groups(made, WarpRows.WarpsPerGroup), set.Count(pass), 1), new Index3D(WarpRows.GroupSize, 1, 1)));

    private static int RowsMade<TEpilogue>(WeightBand band)
        where TEpilogue : struct, IEpilogue => TEpilogue.IsGated ? band.Rows / 2 : band.Rows;
}
