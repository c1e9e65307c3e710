using Mistral.Ilgpu.Execution.Buffers;
using Device = Mistral.Ilgpu.Execution.Devices.Device;

namespace Mistral.Ilgpu.Execution.Families;

/// <summary>Brings rows into strips, on the device.</summary>
internal static class StripPacking
{
    /// <summary>Packs the first rows of <paramref name="rows"/> to be those of <paramref name="strips"/> from
    /// <paramref name="firstRow"/> on.</summary>
    public static void Pack(Device device, WeightBand rows, int count, WeightBand strips, int firstRow)
    {
        var family = Family.Of(device);
        if (rows.Format.IsQuantized())
        {
            BlockFormats.Use(rows.Format, new Blocks(device, family, rows, count, strips, firstRow));
        }
        else if (rows.Format == TensorFormat.Float32)
        {
            Elements<float>();
        }
        else
        {
            Elements<ushort>();
        }

        void Elements<TElement>()
            where TElement : unmanaged
        {
            var pack = new PackStrips<TElement>(
                rows.View<TElement>().SubView(0, (long)count * rows.Stride), strips.View<TElement>(), firstRow, rows.Stride);
            device.Launch(family.Coarse(pack.Items), pack);
        }
    }

    private sealed record Blocks(
        Device Device, Family Family, WeightBand Rows, int Count, WeightBand Strips, int FirstRow) : IBlockFormatUse<bool>
    {
        bool IBlockFormatUse<bool>.Of<TFormat>()
        {
            var pack = new PackBlockStrips<TFormat>(Rows.Blocks, Strips.Strips, FirstRow, Count);
            Device.Launch(Family.Elements(pack.Items), pack);
            return true;
        }
    }
}
