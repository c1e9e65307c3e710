using ILGPU;
using ILGPU.Runtime;
using Mistral.Ilgpu.Execution.Buffers;
using Mistral.Ilgpu.Execution.Devices;
using Mistral.Ilgpu.Execution.Passes;
using Mistral.Ilgpu.Planning;

namespace Mistral.Ilgpu.Execution.Families;

/// <summary>Forms made of waves: norms, and products of a few tokens.</summary>
internal partial class WaveKernels(
    Waves family, ComputeDevice device, StepState state, ActivationType activations, IKernelBinder binder)
    : GpuKernels(family, device, state, activations, binder)
{
    private protected override Launch Norm(
        Activation input, ArrayView<float> gain, Activation output, float epsilon, RowSet rows, OutputForms forms)
    {
        if (input.Columns % RmsNormed.PerItem != 0)
        {
            return base.Norm(input, gain, output, epsilon, rows, forms);
        }

        var norm = new RmsNormed(gain.Cast<Floats4>(), input.Columns, epsilon);
        return forms.Int8 ? Wave<AlsoInt8>(Room(output).Packed!.Value) : Wave<FloatsAlone>(default);

        // Where prompts are multiplied in 16 bits, only decoded tokens get eight bits.
        Launch Wave<TExtra>(PackedInput packed)
            where TExtra : struct, IRunResult => Launcher(
            new RmsNormWarp<TExtra>(
                State, input.View.Cast<Floats4>(), norm, output.View.Cast<Floats4>(), packed, input.Stride, rows.Range,
                rows == RowSet.Tokens && family.RoundsPrompts(Activations) ? RowRange.Decode : rows.Range),
            pass => new KernelConfig(rows.Count(pass), GroupReduce.MaxGroupSize));
    }

    private protected override Launch Product<TResult>(string name, WeightBand band, ProductInput input, Activation output) =>
        Multiplies(band.Format) || input.Norm is not null
            ? WaveProduct<TResult>(band, input, output)
            : base.Product<TResult>(name, band, input, output);

    private protected override Launch Gate(
        string name, WeightMatrix gateUp, ProductInput input, Activation products, Activation output, OutputForms forms) =>
        gateUp is { Bands: [var band], Updates: [] } && (Multiplies(band.Format) || input.Norm is not null)
            ? (Prepare(band, null, input) + WaveProduct<GateWithSilu>(band, input, output, forms))!
            : base.Gate(name, gateUp, input, products, output, forms);

    private protected override Launch Few<TFormat, TElement, TResult>(
        WeightBand band, Activation input, Activation output, RowSet set) =>
        WavePerRow<TFormat, TElement, TResult>(band, input, output, band.Rows, set);

    private protected override Launch Tiles<TFormat, TElement, TResult>(
        WeightBand band, Activation input, Activation output, RowSet rows) => HasWaveTiles
        ? FusedTiles<TFormat, TElement, TResult>(band, input, output, rows)
        : base.Tiles<TFormat, TElement, TResult>(band, input, output, rows);

    private protected override Launch GatedTiles<TFormat, TElement>(
        WeightBand band, Activation input, Activation products, Activation output, RowSet set) => HasWaveTiles
        ? FusedTiles<TFormat, TElement, GateWithSilu>(band, input, output, set)
        : base.GatedTiles<TFormat, TElement>(band, input, products, output, set);

    /// <summary>Whether prompts use <see cref="MatMulFused{TFormat,TElement,TEpilogue}"/> for weights in floats, and
    /// <see cref="AttendWave{TEight,TElement,TBits,TRoom}"/>.</summary>
    private protected virtual bool HasWaveTiles => true;

    private protected override Launch FewGated<TFormat, TElement>(
        WeightBand band, Activation input, Activation output, RowSet set) =>
        WavePerRow<TFormat, TElement, GateWithSilu>(band, input, output, output.Columns, set);

    // The input is converted to eight bits for each band.
    private protected override Launch? Prepare(WeightMatrix weights, ProductInput input) => null;

    /// <summary>
    /// Converts the input to what products with a band need, unless the previous band or operation has done so: eight bits for
    /// weights in blocks, and 16 bits for prompts where those are rounded. Null if there is nothing to convert.
    /// </summary>
    private protected override Launch? Prepare(WeightBand band, WeightBand? before, ProductInput input)
    {
        // Products with a fused norm have the norm's input as theirs.
        if (!Multiplies(band.Format) || input.Norm is not null)
        {
            return null;
        }

        bool isPacked = !band.Format.IsQuantized() || input.IsInt8Ready || before?.Format.IsQuantized() == true;
        if (!family.RoundsPrompts(Activations))
        {
            return isPacked ? null : Pack(input.Values, input.Rows);
        }

        var rounded = Waves.RoundedFor(band.Format);
        bool isRounded = input.IsRounded
            || (before is not null && Multiplies(before.Format) && Waves.RoundedFor(before.Format) == rounded);
        return (isRounded ? null : Forms(input.Rows, _ => Launch.Nothing, set => Round(rounded, input.Values, set)))
            + (isPacked ? null : Forms(input.Rows, set => Pack(input.Values, set), _ => Launch.Nothing));
    }

    /// <summary>Converts rows to a 16-bit format, in families that round prompts.</summary>
    private protected virtual Launch Round(TensorFormat format, Activation input, RowSet set) =>
        throw new NotSupportedException($"{family.GetType().Name} rounds no prompts");

    private protected bool Multiplies(TensorFormat format) => family.Multiplies(format, Activations);

    /// <summary>Converts rows to eight bits.</summary>
    private protected Launch Pack(Activation input, RowSet set) => Launcher(
        new QuantizePacked(State, input.View, Room(input).Packed!.Value, input.Stride, set.Range),
        pass => LaunchShape.Cover(set.Count(pass) * (long)input.Columns / sizeof(uint), WarpRows.GroupSize));

    /// <summary>Takes an output in eight bits; does not exist if it is not written.</summary>
    private protected static PackedInput PackedOf(Activation output, OutputForms forms) =>
        forms.Int8 ? Room(output).Packed.GetValueOrDefault() : default;

    /// <summary>A product with a band of a format that is multiplied. The band of a gated pair contains both matrices.</summary>
    /// <param name="forms">Of the output of a gated pair.</param>
    private Launch WaveProduct<TEpilogue>(WeightBand band, ProductInput input, Activation output, OutputForms forms = default)
        where TEpilogue : struct, IEpilogue =>
        FormatForms.Of(band.Format).WaveProduct<TEpilogue>(this, band, input, output, forms);

    /// <summary>A product with elements that computes its norm itself, or is in a form of the family's own.</summary>
    internal virtual Launch WaveElements<TFormat, TElement, TEpilogue>(
        WeightBand band, ProductInput input, Activation output, OutputForms forms)
        where TFormat : struct, IWeightFormat<TElement>
        where TElement : unmanaged
        where TEpilogue : struct, IEpilogue =>
        input.Norm is { } norm
            ? NormedElements<TFormat, TElement, TEpilogue>(band, input, norm, output)
            : throw new NotSupportedException($"no form of {family.GetType().Name} multiplies {band.Format} in eight bits");

    /// <summary>A product with weights in blocks.</summary>
    internal virtual Launch WaveBlocks<TFormat, TEpilogue>(
        WeightBand band, ProductInput input, Activation output, OutputForms forms)
        where TFormat : struct, IPackedFormat
        where TEpilogue : struct, IEpilogue =>
        input.Norm is { } norm
            ? NormedBlocks<TFormat, TEpilogue>(band, input, norm, output, forms)
            : Forms(
                input.Rows,
                set => WavePerTwoRows<TFormat, TEpilogue>(band, input.Values, output, set),
                set => BlockTiles<TFormat, TEpilogue>(band, Room(input.Values).Packed!.Value, output, set));

    /// <summary>A product of one decoded row that computes its norm itself.</summary>
    private protected Launch NormedBlocks<TFormat, TEpilogue>(
        WeightBand band, ProductInput input, FusedNorm norm, Activation output, OutputForms forms)
        where TFormat : struct, IPackedFormat
        where TEpilogue : struct, IEpilogue
    {
        int made = RowsMade<TEpilogue>(band);
        var (to, tokens) = (Below(output.View, band), Decoded(input.Rows).Range);
        return TEpilogue.IsGated
            ? Launcher(
                new BlockSwiGluNormed<TFormat>(
                    State, band.Blocks, band.AheadBlocks, norm.Input.View.Cast<Floats4>(), norm.Kernel, to,
                    PackedOf(output, forms), made, norm.Input.Stride, output.Stride, tokens),
                _ => new KernelConfig(LaunchShape.Groups(made, BlockSwiGluNormed<TFormat>.RowsPerGroup), WarpRows.GroupSize))
            : Launcher(
                new BlockMatVecNormed<TFormat>(
                    State, band.Blocks, band.AheadBlocks, norm.Input.View.Cast<Floats4>(), norm.Kernel, to, made,
                    norm.Input.Stride, output.Stride, tokens),
                _ => new KernelConfig(LaunchShape.Groups(made, BlockMatVecNormed<TFormat>.RowsPerGroup), WarpRows.GroupSize));
    }

    /// <summary>A product whose waves take two rows of a token.</summary>
    private protected Launch WavePerTwoRows<TFormat, TEpilogue>(
        WeightBand band, Activation input, Activation output, RowSet set)
        where TFormat : struct, IPackedFormat
        where TEpilogue : struct, IEpilogue
    {
        int made = RowsMade<TEpilogue>(band);
        return Launcher(
            new BlockMatVecWarp<TFormat, TEpilogue>(
                State, band.Blocks, band.AheadBlocks, Room(input).Packed!.Value, Below(output.View, band), made, output.Stride,
                set.Range),
            pass => new KernelConfig(
                new Index3D(LaunchShape.Groups(made, BlockMatVecWarp<TFormat, TEpilogue>.RowsPerGroup), set.Count(pass), 1),
                new Index3D(WarpRows.GroupSize, 1, 1)));
    }

    private protected Launch NormedElements<TFormat, TElement, TEpilogue>(
        WeightBand band, ProductInput input, FusedNorm norm, Activation output)
        where TFormat : struct, IWeightFormat<TElement>
        where TElement : unmanaged
        where TEpilogue : struct, IEpilogue
    {
        int made = RowsMade<TEpilogue>(band);
        return Launcher(
            new MatVecNormed<TFormat, TElement, TEpilogue>(
                State, band.View<TElement>(), norm.Input.View.Cast<Floats4>(), norm.Kernel, Below(output.View, band), made,
                band.Stride, norm.Input.Stride, output.Stride, Decoded(input.Rows).Range),
            _ => new KernelConfig(
                LaunchShape.Groups(made, MatVecNormed<TFormat, TElement, TEpilogue>.RowsPerGroup), WarpRows.GroupSize));
    }

    private Launch FusedTiles<TFormat, TElement, TEpilogue>(
        WeightBand band, Activation input, Activation output, RowSet set)
        where TFormat : struct, IWeightFormat<TElement>
        where TElement : unmanaged
        where TEpilogue : struct, IEpilogue
    {
        int made = RowsMade<TEpilogue>(band);
        return Launcher(
            new MatMulFused<TFormat, TElement, TEpilogue>(
                State, band.View<TElement>(), input.View, Below(output.View, band), made, input.Stride, output.Stride, set.Range),
            pass => LaunchShape.Tiles(made, TEpilogue.IsGated, set.Count(pass)));
    }

    /// <summary>A product whose waves take a row of a token.</summary>
    private protected Launch WavePerRow<TFormat, TElement, TEpilogue>(
        WeightBand band, Activation input, Activation output, int made, RowSet set)
        where TFormat : struct, IWeightFormat<TElement>
        where TElement : unmanaged
        where TEpilogue : struct, IEpilogue => Launcher(
            new MatVecWarp<TFormat, TElement, TEpilogue>(
                State, band.View<TElement>(), input.View, Below(output.View, band), made, input.Stride, output.Stride, set.Range),
            pass => new KernelConfig(
                new Index3D(LaunchShape.Groups(made, WarpRows.WarpsPerGroup), set.Count(pass), 1),
                new Index3D(WarpRows.GroupSize, 1, 1)));

    // The rows of a product with a fused norm.
    private protected static RowSet Decoded(RowSet rows) => rows == RowSet.Logits ? rows : RowSet.Decode;

    private protected static TensorInput Room(Activation input) =>
        input.Tensor ?? throw new ArgumentException($"expected a buffer for {input.Name} in the form of tensor cores");
}
