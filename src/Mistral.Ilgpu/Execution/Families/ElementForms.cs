using ILGPU;
using Mistral.Ilgpu.Execution.Buffers;
using Mistral.Ilgpu.Execution.Devices;
using Mistral.Ilgpu.Execution.Passes;
using Mistral.Ilgpu.Kernels;
using Mistral.Ilgpu.Planning;

namespace Mistral.Ilgpu.Execution.Families;

/// <summary>The kernels for a format that stores each element by itself.</summary>
internal sealed class ElementForms<TFormat, TElement> : FormatForms
    where TFormat : struct, IWeightFormat<TElement>
    where TElement : unmanaged
{
    public override Launch Embed(KernelSet kernels, WeightBand table, Activation hidden) => kernels.Embed(
        new Embed<TFormat, TElement>(kernels.State, table.View<TElement>(), hidden.View, hidden.Columns, hidden.Stride), hidden);

    public override Launch Product<TResult>(
        KernelSet kernels, string name, WeightBand band, ProductInput input, Activation output) =>
        kernels.Elements<TFormat, TElement, TResult>(band, input.Values, output, input.Rows);

    public override Launch? Gated(
        RowKernels kernels, WeightBand band, Activation input, Activation products, Activation output) =>
        kernels.GatedElements<TFormat, TElement>(band, input, products, output);

    public override Launch WaveProduct<TEpilogue>(
        WaveKernels kernels, WeightBand band, ProductInput input, Activation output, OutputForms forms) =>
        kernels.WaveElements<TFormat, TElement, TEpilogue>(band, input, output, forms);

    public override void PackStrips(ComputeDevice device, WeightBand rows, int count, WeightBand strips, int firstRow)
    {
        var pack = new PackStrips<TElement>(
            rows.View<TElement>().SubView(0, (long)count * rows.Stride), strips.View<TElement>(), firstRow, rows.Stride);
        device.Launch(Family.Of(device).Coarse(pack.Items), pack);
    }

    public override void FillRandom(
        ComputeDevice device, RandomTensor tensor, int tensorRow, WeightBand band, int firstRow, int rows)
    {
        var view = band.View<TElement>().SubView((long)firstRow * band.Stride, (long)rows * band.Stride);
        var fill = new FillRandomElements<TFormat, TElement>(
            view, band.Columns, band.Stride, (long)tensorRow * band.Columns, tensor.Key, tensor.ElementAmplitude);
        device.Launch(Family.Of(device).Elements((long)rows * band.Columns), fill);
    }
}
