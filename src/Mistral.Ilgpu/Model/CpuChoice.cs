using Mistral.Ilgpu.Checkpoints;
using Mistral.Ilgpu.Execution.Devices;
using Mistral.Ilgpu.Execution.Families;
using Mistral.Ilgpu.Planning;

namespace Mistral.Ilgpu.Model;

/// <summary>
/// Chooses between OpenCL on the CPU and ILGPU's CPU accelerator: the one that multiplies weights like the model's faster. The
/// choice is kept (see <see cref="MeasuredChoice"/>). Compares the mean time of a decoded token and of one in a prompt.
/// </summary>
internal static class CpuChoice
{
    private const string Accelerator = "cpu";

    // Smaller models stay in caches. Their time is that of launches, which a single product does not show.
    private const long LeastBytes = 64L << 20;

    // Larger than caches, and read in a few milliseconds.
    private const long MostBytes = 64L << 20;

    private const int PromptTokens = 16;

    /// <param name="found">The device that <c>auto</c> takes by its kind.</param>
    /// <param name="options">The options of the device.</param>
    /// <returns>The name of the faster device, and the reason for people; null if there is no choice.</returns>
    public static (string Device, string Reason)? Of(Checkpoint checkpoint, ComputeDevice found, DeviceOptions options)
    {
        if (!Family.Of(found).IsAcceleratorToo || checkpoint.TotalBytes < LeastBytes
            || Math.Min(found.AvailableBytes, options.MemoryLimit ?? long.MaxValue) < 4 * MostBytes)
        {
            return null;
        }

        // Most of a token's time goes to the format of the layers.
        var tensor = checkpoint.Tensors.Values
            .Where(tensor => tensor.Name is not (TensorNames.Embedding or TensorNames.Output)).MaxBy(tensor => tensor.Bytes)!;
        var (columns, format) = (tensor.Columns, tensor.Format);
        string name = format.ShortName();
        var choice = new MeasuredChoice([0, 1], found.CacheFile($"accelerator-{name}-{columns}", ".txt"));
        if (choice.Chosen is { } kept)
        {
            return (Name(kept), $"no GPU, and measured before to be the faster CPU device for weights in {name}");
        }

        int rows = (int)(MostBytes / format.BytesOf(columns));
        using var accelerator = ComputeDevice.Open(Accelerator, options);
        double[] least = Measure(choice, [found, accelerator], format, rows, columns);
        return (Name(choice.Chosen!.Value), FormattableString.Invariant(
            $"no GPU; {MostBytes >> 20} MiB of {name} take {1000 * least[0]:0.0} ms a token on {found.Info.Id}, {
                1000 * least[1]:0.0} ms on {Accelerator}"));

        string Name(int device) => device == 0 ? found.Info.Id : Accelerator;
    }

    private static double[] Measure(
        MeasuredChoice choice, ComputeDevice[] devices, TensorFormat format, int rows, int columns)
    {
        using var first = new TimedToken(devices[0], format, rows, columns);
        using var second = new TimedToken(devices[1], format, rows, columns);
        double[] least = [double.MaxValue, double.MaxValue];
        while (choice.Chosen is null)
        {
            int device = choice.Next;
            var time = (device == 0 ? first : second).Time();
            least[device] = Math.Min(least[device], time.TotalSeconds);
            choice.Took(time);
        }

        return least;
    }

    /// <summary>The mean time of a decoded token and one of a prompt.</summary>
    private sealed class TimedToken(ComputeDevice device, TensorFormat format, int rows, int columns) : IDisposable
    {
        private readonly TimedProduct _decoded = new(device, format, rows, columns, tokens: 1, isPrompt: false);
        private readonly TimedProduct _prompt = new(device, format, rows, columns, PromptTokens, isPrompt: true);

        public TimeSpan Time() => (_decoded.Time() + (_prompt.Time() / PromptTokens)) / 2;

        public void Dispose()
        {
            _decoded.Dispose();
            _prompt.Dispose();
        }
    }
}
