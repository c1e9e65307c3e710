using System.Diagnostics;
using ILGPU.Runtime;
using Mistral.Ilgpu.Checkpoints;
using Mistral.Ilgpu.Checkpoints.RandomModels;
using Mistral.Ilgpu.Execution;
using Mistral.Ilgpu.Kernels;
using Mistral.Ilgpu.Model;
using Device = Mistral.Ilgpu.Execution.Device;

namespace Mistral.Ilgpu.Measurement;

/// <summary>The rate of the best dense product that a device has here: what operations are held against.</summary>
public static class DenseProduct
{
    private const int Tokens = 256;
    private const int LeastSize = 256;
    private const int MostSize = 4096;
    private const int Repetitions = 3;

    private static readonly TimeSpan LongEnough = TimeSpan.FromMilliseconds(50);

    private static readonly TensorFormat[] Formats =
        [TensorFormat.Float32, TensorFormat.BFloat16, TensorFormat.Float16, TensorFormat.Q8_0, TensorFormat.Q4_0];

    /// <summary>Operations per second of a square matrix times a chunk of a prompt, the best format and the best of a few.</summary>
    public static double Measure(Device device) => Formats.Max(format => Measure(device, format));

    private static double Measure(Device device, TensorFormat format)
    {
        // A size that takes long enough to be timed and not long where products are slow.
        int size = LeastSize;
        var (rate, time) = Time(device, format, size);
        while (size < MostSize && time < LongEnough)
        {
            size *= 2;
            (double larger, time) = Time(device, format, size);
            rate = Math.Max(rate, larger);
        }

        return rate;
    }

    private static (double Rate, TimeSpan Time) Time(Device device, TensorFormat format, int size)
    {
        const string Purpose = "the measurement of products";
        using var weights = device.Allocate<byte>(WeightBand.SizeInBytes(size, size, format), Purpose);
        using var state = device.Allocate<int>(StepState.Header, Purpose);
        using var input = device.Allocate<float>((long)Tokens * size, Purpose);
        using var quants = device.Allocate<sbyte>((long)Tokens * size, Purpose);
        using var runs = device.Allocate<Float4>((long)Tokens * size / BlockRun.Length, Purpose);
        using var output = device.Allocate<float>((long)Tokens * size, Purpose);
        var band = new WeightBand(0, size, size, format, weights.View);
        using var tensor = new RandomTensor("weights", format, size, size, key: 1);
        new RandomFill(device).Fill(tensor, band, 0, size);
        input.View.CopyFromCPU(device.Stream, Enumerable.Range(0, Tokens * size).Select(i => RandomBits.Value(2, (uint)i, 1)).ToArray());
        int[] header = new int[StepState.Header];
        header[StepState.TokenCountAt] = Tokens;
        state.View.CopyFromCPU(device.Stream, header);

        var pass = new Pass(0, Tokens, 0);
        var step = new KernelSet(device, new StepState(state.View)).MatMul(
            "product",
            new WeightMatrix("weights", [band]),
            new Activation("input", Tokens, size, input.View, new Int8Input(quants.View, runs.View, size)),
            new Activation("output", Tokens, size, output.View));
        var best = TimeSpan.MaxValue;
        // The first compiles.
        for (int i = 0; i <= Repetitions; i++)
        {
            device.Synchronize();
            long begin = Stopwatch.GetTimestamp();
            step.Launch(pass);
            device.Synchronize();
            var time = Stopwatch.GetElapsedTime(begin);
            best = i > 0 && time < best ? time : best;
        }

        return (step.Cost(pass).Operations / best.TotalSeconds, best);
    }
}
