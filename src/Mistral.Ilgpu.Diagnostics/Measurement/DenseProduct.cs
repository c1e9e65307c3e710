using Mistral.Ilgpu.Execution.Devices;
using Mistral.Ilgpu.Model;

namespace Mistral.Ilgpu.Diagnostics.Measurement;

/// <summary>The rate of the fastest dense product on a device. It is the limit for operations.</summary>
internal static class DenseProduct
{
    private const int Tokens = 256;
    private const int LeastSize = 256;
    private const int MostSize = 4096;
    private const int Repetitions = 3;

    private static readonly TimeSpan LongEnough = TimeSpan.FromMilliseconds(50);

    private static readonly TensorFormat[] Formats =
        [TensorFormat.Float32, TensorFormat.BFloat16, TensorFormat.Float16, TensorFormat.Q8_0, TensorFormat.Q4_0];

    /// <summary>
    /// Operations per second of a square matrix times a chunk of a prompt; the best format and the best of a few runs.
    /// </summary>
    public static double Measure(ComputeDevice device) => Formats.Max(format => Measure(device, format));

    private static double Measure(ComputeDevice device, TensorFormat format)
    {
        double best = 0;
        var time = TimeSpan.Zero;
        // The size grows until a product takes long enough to be timed, but stays small if products are slow.
        for (int size = LeastSize; size <= MostSize && time < LongEnough; size *= 2)
        {
            using var product = new TimedProduct(device, format, size, size, Tokens, isPrompt: true);
            // The first call compiles.
            product.Time();
            time = Enumerable.Range(0, Repetitions).Min(_ => product.Time());
            best = Math.Max(best, product.Cost.Operations / time.TotalSeconds);
        }

        return best;
    }
}
