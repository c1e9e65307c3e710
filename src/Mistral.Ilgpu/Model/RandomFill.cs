using ILGPU;
using ILGPU.Runtime;
using Mistral.Ilgpu.Checkpoints.RandomModels;
using Mistral.Ilgpu.Execution.Buffers;
using Mistral.Ilgpu.Execution.Families;
using Mistral.Ilgpu.Kernels;
using Device = Mistral.Ilgpu.Execution.Devices.Device;

namespace Mistral.Ilgpu.Model;

/// <summary>Makes random weights where they are needed, on the device.</summary>
internal sealed class RandomFill(Device device)
{
    private readonly Family _family = Family.Of(device);

    /// <summary>Fills rows of a band, which has the tensor's own format, with those of the tensor from
    /// <paramref name="tensorRow"/> on.</summary>
    public void Fill(RandomTensor tensor, int tensorRow, WeightBand band, int firstRow, int rows)
    {
        switch (band.Format)
        {
            case TensorFormat.Float32:
                Elements<Float32, float>(tensor, tensorRow, band, firstRow, rows);
                break;
            case TensorFormat.Float16:
                Elements<Float16, ushort>(tensor, tensorRow, band, firstRow, rows);
                break;
            case TensorFormat.BFloat16:
                Elements<BFloat16, ushort>(tensor, tensorRow, band, firstRow, rows);
                break;
            default:
                Blocks(tensor, tensorRow, band, firstRow, rows);
                break;
        }
    }

    private void Elements<TFormat, TElement>(RandomTensor tensor, int tensorRow, WeightBand band, int firstRow, int rows)
        where TFormat : struct, IWeightFormat<TElement>
        where TElement : unmanaged
    {
        var view = band.View<TElement>().SubView((long)firstRow * band.Stride, (long)rows * band.Stride);
        device.Launch(
            _family.Elements((long)rows * band.Columns),
            new FillRandomElements<TFormat, TElement>(view, band.Columns, band.Stride, (long)tensorRow * band.Columns, tensor.Key, tensor.Amplitude));
    }

    private void Blocks(RandomTensor tensor, int tensorRow, WeightBand band, int firstRow, int rows)
    {
        var planes = BlockPlanes.Of(band.Format);
        long blocksInRow = band.Columns / band.Format.BlockLength();
        long first = firstRow * blocksInRow;
        long blocks = rows * blocksInRow;
        long firstInTensor = tensorRow * blocksInRow;
        var words = band.Bytes.SubView(first * planes.QuantBytes, blocks * planes.QuantBytes).Cast<uint>();
        device.Launch(_family.Elements(words.Length), new FillRandomQuants(words, firstInTensor * planes.QuantBytes / sizeof(uint), tensor.Key));

        using var pattern = device.Allocate<ushort>(tensor.ScalePattern.Length, "the pattern of scales");
        pattern.View.CopyFromCPU(device.Stream, tensor.ScalePattern);
        int scaleWords = planes.ScaleBytes / sizeof(ushort);
        var scales = band.Blocks.Scales.SubView(first * scaleWords, blocks * scaleWords);
        device.Launch(_family.Elements(scales.Length), new FillRandomScales(scales, pattern.View, firstInTensor, tensor.Key));
        device.Synchronize();
    }
}
