using Mistral.Ilgpu.Checkpoints;
using Mistral.Ilgpu.Kernels;

namespace Mistral.Ilgpu.Execution;

/// <summary>Brings rows into strips, on the device.</summary>
internal static class StripPacking
{
    /// <summary>Packs the first rows of <paramref name="rows"/> to be those of <paramref name="strips"/> from <paramref name="firstRow"/> on.</summary>
    public static void Pack(Device device, WeightBand rows, int count, WeightBand strips, int firstRow)
    {
        var plan = new LaunchPlan(device.Info);
        switch (rows.Format)
        {
            case TensorFormat.Float32:
                Elements<float>();
                break;
            case TensorFormat.Float16 or TensorFormat.BFloat16:
                Elements<ushort>();
                break;
            case TensorFormat.Q8_0:
                Blocks<Q8_0>();
                break;
            case TensorFormat.Q4_0:
                Blocks<Q4_0>();
                break;
            case TensorFormat.Q4_1:
                Blocks<Q4_1>();
                break;
            case TensorFormat.Q5_0:
                Blocks<Q5_0>();
                break;
            case TensorFormat.Q5_1:
                Blocks<Q5_1>();
                break;
            case TensorFormat.Q2_K:
                Blocks<Q2_K>();
                break;
            case TensorFormat.Q3_K:
                Blocks<Q3_K>();
                break;
            case TensorFormat.Q4_K:
                Blocks<Q4_K>();
                break;
            case TensorFormat.Q5_K:
                Blocks<Q5_K>();
                break;
            case TensorFormat.Q6_K:
                Blocks<Q6_K>();
                break;
            case TensorFormat.IQ4_NL:
                Blocks<IQ4_NL>();
                break;
            case TensorFormat.IQ4_XS:
                Blocks<IQ4_XS>();
                break;
            default:
                throw new ArgumentOutOfRangeException(nameof(rows), rows.Format, "has no strips");
        }

        void Elements<TElement>()
            where TElement : unmanaged
        {
            var pack = new PackStrips<TElement>(
                rows.View<TElement>().SubView(0, (long)count * rows.Stride), strips.View<TElement>(), firstRow, rows.Stride);
            device.Launch(plan.Coarse(pack.Items), pack);
        }

        void Blocks<TFormat>()
            where TFormat : struct, IStripFormat
        {
            var pack = new PackBlockStrips<TFormat>(rows.Blocks, strips.Strips, firstRow, count);
            device.Launch(plan.Elements(pack.Items), pack);
        }
    }
}
