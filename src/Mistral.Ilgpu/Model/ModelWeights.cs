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
        var tensors = checkpoint.Tensors;
        var plan = new LaunchPlan(device.Info);
        int headDim = AttentionShape.Of(checkpoint.Config, options.CacheType).PaddedHeadDim;
        Adapters = Own(new LoraWeights(device, checkpoint.Config, options.Adapters ?? [], options.RowsFor(options.ChunkOn(device.Info))));
        try
        {
            // Rows are looked up in the embedding.
            Embedding = Stacked(_ => WeightLayout.Rows, TensorNames.Embedding);
            Layers = [.. Enumerable.Range(0, checkpoint.Config.LayerCount).Select(Layer)];
            Norm = Vector(TensorNames.Norm);
            Output = checkpoint.Config.TiedEmbeddings ? Embedding : Matrix(TensorNames.Output);
            device.Synchronize();
        }
        catch
        {
            Dispose();
            throw;
        }

        LayerWeights Layer(int layer) => new(
            Vector(TensorNames.AttentionNorm(layer)),
            Matrix(TensorNames.Query(layer), TensorNames.Key(layer), TensorNames.Value(layer)),
            Matrix(TensorNames.AttentionOutput(layer)),
            Vector(TensorNames.FeedForwardNorm(layer)),
            Matrix(TensorNames.Gate(layer), TensorNames.Up(layer)),
            Matrix(TensorNames.Down(layer)));

        ArrayView<float> Vector(string name)
        {
            var tensor = tensors[name];
            var buffer = Own(device.Allocate<float>(tensor.Columns, $"the weights '{name}'"));
            stream.UploadVector(tensor, buffer.View);
            return buffer.View;
        }

        WeightMatrix Matrix(params string[] names) => Stacked(format => plan.LayoutOf(format, options.Activations), names);

        WeightMatrix Stacked(Func<TensorFormat, WeightLayout> layoutOf, params string[] names)
        {
            var bands = new List<WeightBand>();
            int row = 0;
            var stacked = names.Select(name => tensors[name].WithHeadsOf(headDim)).ToArray();
            foreach (var (format, parts) in BandsOf(stacked, options.WeightType))
            {
                int rows = parts.Sum(part => part.Rows);
                int columns = parts[0].Columns;
                var layout = layoutOf(format);
                // Random weights are made without the padding of their rows, strips may lack rows.
                bool isWritten = layout == WeightLayout.Strips ? rows % Strip.Rows == 0 : parts.All(part => part.Generator is null);
                var buffer = Own(device.Allocate<byte>(WeightBand.SizeOf(rows, columns, format, layout), $"the weights '{names[0]}'", zeroed: !isWritten));
                var band = new WeightBand(row, rows, columns, format, buffer.View, layout);
                stream.Upload(parts, band);
                bands.Add(band);
                row += rows;
            }

            return new WeightMatrix(string.Join("+", names), bands, Adapters.For(stacked));
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

    /// <summary>The bands in which stacked tensors come: neighbours of one format together.</summary>
    /// <param name="type">The format that is asked for; null for each tensor's own.</param>
    public static IReadOnlyList<(TensorFormat Format, IReadOnlyList<CheckpointTensor> Parts)> BandsOf(
        IEnumerable<CheckpointTensor> tensors, TensorFormat? type)
    {
        var bands = new List<(TensorFormat Format, List<CheckpointTensor> Parts)>();
        foreach (var tensor in tensors)
        {
            var format = tensor.FormatAs(type);
            if (bands.Count == 0 || bands[^1].Format != format)
            {
                bands.Add((format, []));
            }

            bands[^1].Parts.Add(tensor);
        }

        return [.. bands];
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
