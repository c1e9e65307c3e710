using ILGPU;
using ILGPU.Runtime;
using Mistral.Ilgpu.Execution.Buffers;
using Mistral.Ilgpu.Execution.Devices;
using Mistral.Ilgpu.Execution.Passes;
using Mistral.Ilgpu.Kernels;
using Mistral.Ilgpu.Planning;

namespace Mistral.Ilgpu.Execution.Families;

/// <summary>The kernels for a format that is quantized in blocks.</summary>
internal sealed class BlockForms<TFormat> : FormatForms
    where TFormat : struct, IStripFormat
{
    public override Launch Embed(KernelSet kernels, WeightBand table, Activation hidden) =>
        table.Layout == WeightLayout.Strips
            ? kernels.Embed(new BlockStripEmbed<TFormat>(kernels.State, table.Strips, hidden.View, hidden.Stride), hidden)
            : kernels.Embed(new BlockEmbed<TFormat>(kernels.State, table.Blocks, hidden.View, hidden.Stride), hidden);

    public override Launch Product<TResult>(
        KernelSet kernels, string name, WeightBand band, ProductInput input, Activation output) =>
        kernels.Blocks<TFormat, TResult>(name, band, input.Values, output, input.Rows);

    public override Launch? Gated(
        RowKernels kernels, WeightBand band, Activation input, Activation products, Activation output) => null;

    public override Launch WaveProduct<TEpilogue>(
        WaveKernels kernels, WeightBand band, ProductInput input, Activation output, OutputForms forms) =>
        kernels.WaveBlocks<TFormat, TEpilogue>(band, input, output, forms);

    public override void PackStrips(ComputeDevice device, WeightBand rows, int count, WeightBand strips, int firstRow) =>
        Family.Of(device).Pack(device, new PackBlockStrips<TFormat>(rows.Blocks, strips.Strips, firstRow, count));

    public override void FillRandom(
        ComputeDevice device, RandomTensor tensor, int tensorRow, WeightBand band, int firstRow, int rows)
    {
        var family = Family.Of(device);
        long blocksInRow = band.Columns / TFormat.BlockLength;
        long first = firstRow * blocksInRow;
        long blocks = rows * blocksInRow;
        long firstInTensor = tensorRow * blocksInRow;
        var words = band.Blocks.Quants.SubView(first * TFormat.QuantBytes, blocks * TFormat.QuantBytes).Cast<uint>();
        var quants = new FillRandomQuants(words, firstInTensor * TFormat.QuantBytes / sizeof(uint), tensor.Key);
        device.Launch(family.Elements(words.Length), quants);

        using var pattern = device.Allocate<ushort>(tensor.ScalePattern.Length, "the pattern of scales");
        pattern.View.CopyFromCPU(device.Stream, tensor.ScalePattern);
        var scales = band.Blocks.Scales.SubView(first * TFormat.ScaleWords, blocks * TFormat.ScaleWords);
        device.Launch(family.Elements(scales.Length), new FillRandomScales(scales, pattern.View, firstInTensor, tensor.Key));
        device.Synchronize();
    }
}
