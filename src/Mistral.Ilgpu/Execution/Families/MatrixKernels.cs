using ILGPU;
using ILGPU.Runtime;
using Mistral.Ilgpu.Execution.Buffers;
using Mistral.Ilgpu.Execution.Devices;
using Mistral.Ilgpu.Execution.Passes;
using Mistral.Ilgpu.Planning;

namespace Mistral.Ilgpu.Execution.Families;

/// <summary>
/// Forms made of waves, and products of prompts in tiles of 16-bit numbers, see
/// <see cref="MatMulWave{TCore,TWeights,TEpilogue}"/>. A family chooses the core that multiplies them.
/// </summary>
internal abstract class MatrixKernels(
    Waves family, ComputeDevice device, StepState state, ActivationType activations, IKernelBinder binder)
    : WaveKernels(family, device, state, activations, binder)
{
    private protected override Launch Round(TensorFormat format, Activation input, RowSet set)
    {
        return format == TensorFormat.BFloat16 ? To<BFloat16Pairs>() : To<Float16Pairs>();

        Launch To<TPairs>()
            where TPairs : struct, IPairFormat => Launcher(
                new RoundPairs<TPairs>(State, input.View, Room(input).Rounded, input.Stride, set.Range),
                pass => Family.Elements((long)set.Count(pass) * input.Stride / 8));
    }

    internal override Launch WaveElements<TFormat, TElement, TEpilogue>(
        WeightBand band, ProductInput input, Activation output, OutputForms forms) => input.Norm is { } norm
        ? NormedElements<TFormat, TElement, TEpilogue>(band, input, norm, output)
        : Forms(
            input.Rows,
            set => WavePerRow<TFormat, TElement, TEpilogue>(band, input.Values, output, RowsMade<TEpilogue>(band), set),
            set => typeof(TFormat) == typeof(BFloat16)
                ? Elements<BFloat16Pairs, TEpilogue>(band, input.Values, output, set)
                : Elements<Float16Pairs, TEpilogue>(band, input.Values, output, set));

    internal override Launch WaveBlocks<TFormat, TEpilogue>(
        WeightBand band, ProductInput input, Activation output, OutputForms forms) => input.Norm is { } norm
        ? NormedBlocks<TFormat, TEpilogue>(band, input, norm, output, forms)
        : Forms(
            input.Rows,
            set => WavePerTwoRows<TFormat, TEpilogue>(band, input.Values, output, set),
            set => Tile<Float16Pairs, BlockWaveTiles<TFormat>, TEpilogue>(
                new BlockWaveTiles<TFormat>(band.Blocks), band, input.Values, output, set));

    /// <summary>A product of prompts on the core that the device has for a 16-bit format: <see cref="On"/>.</summary>
    private protected abstract Launch Tile<TPairs, TWeights, TEpilogue>(
        TWeights weights, WeightBand band, Activation input, Activation output, RowSet set)
        where TPairs : struct, IPairFormat
        where TWeights : struct, IWaveTiles
        where TEpilogue : struct, IEpilogue;

    private protected Launch On<TCore, TWeights, TEpilogue>(
        TWeights weights, WeightBand band, Activation input, Activation output, RowSet set)
        where TCore : struct, IMatrixCore
        where TWeights : struct, IWaveTiles
        where TEpilogue : struct, IEpilogue
    {
        int made = RowsMade<TEpilogue>(band);
        return Launcher(
            new MatMulWave<TCore, TWeights, TEpilogue>(
                State, weights, Room(input).Rounded, Below(output.View, band), made, input.Stride, output.Stride, set.Range),
            pass => new KernelConfig(
                new Index3D(
                    LaunchShape.Groups(set.Count(pass), MatrixTile.Rows),
                    LaunchShape.Groups(made, TileRows.PerTile(TEpilogue.IsGated)),
                    1),
                new Index3D(MatrixTile.GroupSize, 1, 1)));
    }

    private Launch Elements<TPairs, TEpilogue>(WeightBand band, Activation input, Activation output, RowSet set)
        where TPairs : struct, IPairFormat
        where TEpilogue : struct, IEpilogue => Tile<TPairs, ElementWaveTiles, TEpilogue>(
        new ElementWaveTiles(band.View<ushort>(), band.Stride), band, input, output, set);
}
