using ILGPU.Runtime;
using Mistral.Ilgpu.Checkpoints;
using Mistral.Ilgpu.Checkpoints.Contents;
using Mistral.Ilgpu.Execution.Buffers;
using Mistral.Ilgpu.Execution.Devices;
using Mistral.Ilgpu.Execution.Families;
using Mistral.Ilgpu.Model.Options;
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
    /// <param name="device">The options of the device.</param>
    /// <param name="model">The options of the model: what is measured is the weights as they are loaded.</param>
    /// <returns>The name of the faster device, and the reason for people; null if there is no choice. A device that cannot be
    /// measured is not chosen.</returns>
    public static (string Device, string Reason)? Of(
        Checkpoint checkpoint, ComputeDevice found, DeviceOptions device, ModelOptions model)
    {
        if (!Family.Of(found).IsAcceleratorToo || checkpoint.Tensors.Values.Sum(Bytes) < LeastBytes
            || Math.Min(found.AvailableBytes, device.MemoryLimit ?? long.MaxValue) < 4 * MostBytes)
        {
            return null;
        }

        // Most of a token's time goes to the format of the layers.
        var tensor = checkpoint.Tensors.Values
            .Where(tensor => tensor.Name is not (TensorNames.Embedding or TensorNames.Output)).MaxBy(Bytes)!;
        var weights = new Weights(tensor.FormatAs(model.WeightType), tensor.Columns, model.Activations);
        var choice = new MeasuredChoice([0, 1], found.CacheFile($"accelerator-{weights.Key}", ".txt"));
        string[] names = [found.Info.Id, Accelerator];
        if (choice.Chosen is { } kept)
        {
            return (names[kept], $"no GPU, and measured before to be the faster CPU device for weights in {weights.Name}");
        }

        int measured = 1;
        try
        {
            using var accelerator = ComputeDevice.Open(Accelerator, device);
            double[] least = Measure(choice, [found, accelerator], weights, ref measured);
            return (names[choice.Chosen!.Value], FormattableString.Invariant(
                $"no GPU; {MostBytes >> 20} MiB of {weights.Name} take {1000 * least[0]:0.0} ms a token on {names[0]}, {
                    1000 * least[1]:0.0} ms on {names[1]}"));
        }
        catch (Exception exception) when (ComputeDevice.IsFault(exception))
        {
            // The next load tries again.
            string message = exception is AcceleratorException failure ? ComputeDevice.Describe(failure) : exception.Message;
            return (names[1 - measured], $"no GPU; {names[measured]} cannot be measured: {message}");
        }

        long Bytes(CheckpointTensor tensor) => tensor.FormatAs(model.WeightType).BytesOf((long)tensor.Rows * tensor.Columns);
    }

    /// <param name="measured">The device that works at the moment.</param>
    private static double[] Measure(MeasuredChoice choice, ComputeDevice[] devices, Weights weights, ref int measured)
    {
        measured = 0;
        using var first = new TimedToken(devices[0], weights);
        measured = 1;
        using var second = new TimedToken(devices[1], weights);
        double[] least = [double.MaxValue, double.MaxValue];
        while (choice.Chosen is null)
        {
            measured = choice.Next;
            var time = (measured == 0 ? first : second).Time();
            least[measured] = Math.Min(least[measured], time.TotalSeconds);
            choice.Took(time);
        }

        return least;
    }

    /// <summary>What is measured.</summary>
    private sealed record Weights(TensorFormat Format, int Columns, ActivationType Activations)
    {
        public int Rows => (int)(MostBytes / Format.BytesOf(Columns));

        public string Name => Format.ShortName() + (Activations == ActivationType.Int8 ? "" : " times float32");

        public string Key => $"{Format.ShortName()}-{Columns}{(Activations == ActivationType.Int8 ? "" : "-f32")}";
    }

    /// <summary>The mean time of a decoded token and one of a prompt.</summary>
    private sealed class TimedToken(ComputeDevice device, Weights weights) : IDisposable
    {
        private readonly TimedProduct _decoded = Product(device, weights, tokens: 1, isPrompt: false);
        private readonly TimedProduct _prompt = Product(device, weights, PromptTokens, isPrompt: true);

        public TimeSpan Time() => (_decoded.Time() + (_prompt.Time() / PromptTokens)) / 2;

        public void Dispose()
        {
            _decoded.Dispose();
            _prompt.Dispose();
        }

        private static TimedProduct Product(ComputeDevice device, Weights weights, int tokens, bool isPrompt) =>
            new(device, weights.Format, weights.Rows, weights.Columns, tokens, isPrompt, weights.Activations);
    }
}
