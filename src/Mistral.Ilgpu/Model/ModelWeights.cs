using ILGPU;
using Mistral.Ilgpu.Checkpoints;
using Mistral.Ilgpu.Execution;
using Mistral.Ilgpu.Kernels;

namespace Mistral.Ilgpu.Model;

/// <summary>One block's weights. <paramref name="Qkv"/> stacks the rows of queries, keys and values, <paramref name="GateUp"/>
/// those of gate and up, so that one product makes what is used together.</summary>
public sealed record LayerWeights(
    ArrayView<float> AttentionNorm,
    WeightMatrix Qkv,
    WeightMatrix AttentionOutput,
    ArrayView<float> FeedForwardNorm,
    WeightMatrix GateUp,
    WeightMatrix Down);

/// <summary>A model's weights on the device; owns their memory.</summary>
public sealed class ModelWeights : IDisposable
{
    private readonly List<IDisposable> _buffers = [];

    private ModelWeights(Device device, Checkpoint checkpoint, ModelOptions options, WeightStream stream)
    {
        var plan = new LaunchPlan(device.Info);
        Adapters = Own(new LoraWeights(device, checkpoint.Config, options.Adapters ?? [], options.RowsFor(options.ChunkOn(device.Info))));
        try
        {
            Embedding = Matrix(WeightStack.Embedding);
            Layers = [.. Enumerable.Range(0, checkpoint.Config.LayerCount).Select(Layer)];
            Norm = Vector(WeightStack.Norm);
            Output = checkpoint.Config.TiedEmbeddings ? Embedding : Matrix(WeightStack.Output);
            device.Synchronize();
        }
        catch
        {
            Dispose();
            throw;
        }

        LayerWeights Layer(int layer) => new(
            Vector(WeightStack.AttentionNorm(layer)),
            Matrix(WeightStack.Qkv(layer)),
            Matrix(WeightStack.AttentionOutput(layer)),
            Vector(WeightStack.FeedForwardNorm(layer)),
            Matrix(WeightStack.GateUp(layer)),
            Matrix(WeightStack.Down(layer)));

        ArrayView<float> Vector(WeightStack stack)
        {
            var tensor = checkpoint.Tensors[stack.Names[0]];
            var buffer = Own(device.Allocate<float>(tensor.Columns, $"the weights '{tensor.Name}'"));
            stream.UploadVector(tensor, buffer.View);
            return buffer.View;
        }

        WeightMatrix Matrix(WeightStack stack)
        {
            var bands = new List<WeightBand>();
            int row = 0;
            var parts = stack.Bands(checkpoint.Config, checkpoint.Tensors, options, plan);
            foreach (var part in parts)
            {
                // Random weights are made without the padding of their rows, strips may lack rows.
                bool isWritten = part.Layout == WeightLayout.Strips ? part.Rows % Strip.Rows == 0 : part.Tensors.All(tensor => tensor.Generator is null);
                var buffer = Own(device.Allocate<byte>(part.Bytes, $"the weights '{stack.Names[0]}'", zeroed: !isWritten));
                var band = new WeightBand(row, part.Rows, part.Columns, part.Format, buffer.View, part.Layout);
                stream.Upload(part.Tensors, band);
                bands.Add(band);
                row += part.Rows;
            }

            return new WeightMatrix(string.Join("+", stack.Names), bands, Adapters.For(parts.SelectMany(part => part.Tensors)));
        }
    }

    /// <summary>vocabulary × dim.</summary>
    public WeightMatrix Embedding { get; }

    public IReadOnlyList<LayerWeights> Layers { get; }

    /// <summary>Gain of the last norm: dim.</summary>
    public ArrayView<float> Norm { get; }

    /// <summary>vocabulary × dim; the embedding itself where they are tied.</summary>
    public WeightMatrix Output { get; }

    /// <exception cref="ModelFileException">A weight is not a finite number.</exception>
    /// <exception cref="DeviceException">The weights do not fit the device.</exception>
    public static ModelWeights Load(
        Device device, Checkpoint checkpoint, ModelOptions options, IProgress<TensorProgress>? progress, CancellationToken cancellation)
    {
        using var stream = new WeightStream(device, checkpoint.TotalBytes, progress, cancellation);
        return new ModelWeights(device, checkpoint, options, stream);
    }

    /// <summary>The adapters that change some of the products.</summary>
    public LoraWeights Adapters { get; }

    public void Dispose()
    {
        foreach (var buffer in _buffers)
        {
            buffer.Dispose();
        }
    }

    private T Own<T>(T buffer)
        where T : IDisposable
    {
        _buffers.Add(buffer);
        return buffer;
    }
}
