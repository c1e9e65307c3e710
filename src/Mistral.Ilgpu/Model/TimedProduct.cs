using System.Diagnostics;
using ILGPU.Runtime;
using Mistral.Ilgpu.Checkpoints.RandomModels;
using Mistral.Ilgpu.Execution.Buffers;
using Mistral.Ilgpu.Execution.Devices;
using Mistral.Ilgpu.Execution.Families;
using Mistral.Ilgpu.Execution.Passes;
using Mistral.Ilgpu.Planning;

namespace Mistral.Ilgpu.Model;

/// <summary>Times one matrix product of random weights and random activations. Owns its buffers.</summary>
internal sealed class TimedProduct : IDisposable
{
    private const string Purpose = "the measurement of products";

    private readonly ComputeDevice _device;
    private readonly List<IDisposable> _buffers = [];
    private readonly Launch _product;
    private readonly Pass _pass;

    /// <param name="tokens">Rows of activations.</param>
    /// <param name="isPrompt">Whether the rows are tokens of a prompt, or decoded tokens.</param>
    public TimedProduct(
        ComputeDevice device, TensorFormat format, int rows, int columns, int tokens, bool isPrompt,
        ActivationType activations = ActivationType.Int8)
    {
        _device = device;
        _pass = isPrompt ? new Pass(0, tokens, 0) : new Pass(tokens, 0, 0);
        try
        {
            var family = Family.Of(device);
            var layout = family.LayoutOf(format, activations);
            var weights = Own(device.Allocate<byte>(WeightBand.SizeOf(rows, columns, format, layout), Purpose));
            var band = new WeightBand(0, rows, columns, format, weights.View, layout);
            using var random = new RandomTensor("weights", format, rows, columns, key: 1);
            using var stream = new WeightStream(device);
            stream.Fill(random, band);

            int stride = Padding.Pad(columns);
            var input = Own(device.Allocate<float>((long)tokens * stride, Purpose));
            input.View.CopyFromCPU(
                device.Stream, [.. Enumerable.Range(0, tokens * stride).Select(i => RandomBits.Value(2, (uint)i, 1))]);
            var output = Own(device.Allocate<float>((long)tokens * Padding.Pad(rows), Purpose));

            int[] header = new int[StepState.Header];
            (header[StepState.TokenCountAt], header[StepState.DecodeCountAt]) = (tokens, _pass.DecodeCount);
            var state = Own(device.Allocate<int>(header.Length, Purpose));
            state.View.CopyFromCPU(device.Stream, header);
            _product = KernelSet.Of(device, new StepState(state.View), activations).MatMul(
                "product",
                new WeightMatrix("weights", [band]),
                new ProductInput(family.Input(device, "input", tokens, columns, input.View, _buffers.Add), RowSet.Tokens),
                new Activation("output", tokens, rows, output.View));
            var plan = new MatrixPlan([new BandPlan(["weights"], rows, columns, format, layout, band.SizeInBytes)]);
            Cost = new Product(
                "product", new ActivationPlan("input", columns, RowSet.Tokens), plan,
                new ActivationPlan("output", rows, RowSet.Tokens)).Cost(_pass);
        }
        catch
        {
            Dispose();
            throw;
        }
    }

    public StepCost Cost { get; }

    /// <summary>The time of one product.</summary>
    public TimeSpan Time()
    {
        _device.Synchronize();
        long begin = Stopwatch.GetTimestamp();
        _product.Run(_pass);
        _device.Synchronize();
        return Stopwatch.GetElapsedTime(begin);
    }

    public void Dispose() => _buffers.ForEach(buffer => buffer.Dispose());

    private DeviceBuffer<T> Own<T>(DeviceBuffer<T> buffer)
        where T : unmanaged
    {
        _buffers.Add(buffer);
        return buffer;
    }
}
