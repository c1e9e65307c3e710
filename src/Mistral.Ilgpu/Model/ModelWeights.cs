using ILGPU;
using ILGPU.Runtime;
using Mistral.Ilgpu.Checkpoints;
using Mistral.Ilgpu.Execution.Buffers;
using Mistral.Ilgpu.Execution.Devices;
using Mistral.Ilgpu.Execution.Families;
using Mistral.Ilgpu.Execution.Transfers;
using Mistral.Ilgpu.Kernels;
using Mistral.Ilgpu.Model.Streaming;
using Mistral.Ilgpu.Planning;

namespace Mistral.Ilgpu.Model;

/// <summary>A model's weights on the device; owns their memory.</summary>
internal sealed class ModelWeights : IDisposable
{
    private readonly List<IDisposable> _buffers = [];

    private readonly Dictionary<MatrixPlan, WeightMatrix> _matrices = [];
    private readonly Dictionary<VectorPlan, ArrayView<float>> _vectors = [];

    private ModelWeights(
        ComputeDevice device, Checkpoint checkpoint, ModelPlan plan, ModelOptions options, Residency residency,
        WeightStream stream, bool arrives)
    {
        var copies = new List<(string Layer, Action Copy)>();
        int headDim = AttentionShape.Of(checkpoint.Config, options.CacheType).PaddedHeadDim;
        try
        {
            var streamed = residency.Streamed.SelectMany(layer => plan.Layers[layer]).ToHashSet<WeightPlan>();
            foreach (var weights in plan.Weights.Where(weights => !streamed.Contains(weights)))
            {
                if (weights is MatrixPlan matrix)
                {
                    _matrices.Add(matrix, Matrix(matrix, arrives ? Later(plan.LayerOf(matrix)) : stream.Upload));
                }
                else
                {
                    _vectors.Add((VectorPlan)weights, Vector((VectorPlan)weights));
                }
            }

            if (streamed.Count > 0)
            {
                Transfers = Stream();
            }

            device.Synchronize();
            Arrivals = arrives ? new WeightArrivals(copies, stream) : null;
        }
        catch
        {
            Dispose();
            throw;
        }

        Action<IReadOnlyList<CheckpointTensor>, WeightBand> Later(string layer) =>
            (parts, band) => copies.Add((layer, () => stream.Upload(parts, band)));

        ArrayView<float> Vector(VectorPlan plan)
        {
            var buffer = Own(device.Allocate<float>(plan.Length, $"the weights '{plan.Name}'"));
            stream.UploadVector(checkpoint.Tensors[plan.Name], buffer.View);
            return buffer.View;
        }

        WeightMatrix Matrix(MatrixPlan plan, Action<IReadOnlyList<CheckpointTensor>, WeightBand> fill)
        {
            return Place(plan, (part, tensors) =>
            {
                // Random weights are generated without the padding of their rows. Strips can lack rows.
                bool isWritten = part.Layout == WeightLayout.Strips
                    ? part.Rows % Strip.Rows == 0
                    : tensors.All(tensor => tensor.Generator is null);
                return Own(device.Allocate<byte>(part.Bytes, $"the weights '{part.Names[0]}'", zeroed: !isWritten)).View;
            }, fill);
        }

        // Places the bands of a matrix one below the other.
        WeightMatrix Place(
            MatrixPlan plan, Func<BandPlan, CheckpointTensor[], ArrayView<byte>> placeOf,
            Action<IReadOnlyList<CheckpointTensor>, WeightBand> fill)
        {
            var bands = new List<WeightBand>();
            int row = 0;
            foreach (var part in plan.Bands)
            {
                CheckpointTensor[] parts = [.. part.Names.Select(name => checkpoint.Tensors[name].WithHeadsOf(headDim))];
                var band = new WeightBand(row, part.Rows, part.Columns, part.Format, placeOf(part, parts), part.Layout);
                fill(parts, band);
                bands.Add(band);
                row += part.Rows;
            }

            return new WeightMatrix(plan.Name, bands);
        }

        void PlaceIn(ArrayView<byte> slot, IReadOnlyList<MatrixPlan> layer, bool isPacked)
        {
            if (isPacked)
            {
                slot.MemSetToZero(device.Stream);
            }

            long at = 0;
            foreach (var matrix in layer)
            {
                _matrices.Add(matrix, Place(
                    matrix,
                    (part, _) =>
                    {
                        var place = slot.SubView(at, part.Bytes);
                        at += Residency.Aligned(part.Bytes);
                        return place;
                    },
                    isPacked ? stream.Upload : stream.Skip));
            }
        }

        LayerTransfers Stream()
        {
            var slots = Enumerable.Range(0, Residency.SlotCount)
                .Select(_ => Own(device.Allocate<byte>(
                    residency.SlotBytes, "a slot of streamed layers", zeroed: false)).View).ToArray();
            var keeper = new LayerKeeper(device, LayerCache.Of(options));
            var layers = new List<IHostLayer>();
            foreach (int number in residency.Streamed)
            {
                var layer = plan.Layers[number];
                var slot = slots[layers.Count % slots.Length].SubView(0, residency.BytesOf(number));
                layers.Add(Own(keeper.Open(checkpoint, layer, slot, isPacked => PlaceIn(slot, layer, isPacked))));
            }

            // The transfers' stream does not wait for this one.
            device.Synchronize();
            return new LayerTransfers(device, slots, layers, Family.Of(device).StagingBytes);
        }
    }

    public IReadOnlyDictionary<MatrixPlan, WeightMatrix> Matrices => _matrices;

    public IReadOnlyDictionary<VectorPlan, ArrayView<float>> Vectors => _vectors;

    /// <exception cref="ModelFileException">A weight is not a finite number.</exception>
    /// <exception cref="DeviceException">The weights do not fit the device.</exception>
    public static ModelWeights Load(
        ComputeDevice device, Checkpoint checkpoint, ModelPlan plan, ModelOptions options, Residency residency,
        IProgress<TensorProgress>? progress, CancellationToken cancellation)
    {
        // Where launches return when they are done, a pass would only be slower: nothing overlaps, and it is not gathered.
        bool arrives = options.Arrives && residency.Streamed.Count == 0 && device.Gathering is null;
        var stream = new WeightStream(device, checkpoint.TotalBytes, progress, cancellation);
        try
        {
            return new ModelWeights(device, checkpoint, plan, options, residency, stream, arrives);
        }
        catch
        {
            arrives = false;
            throw;
        }
        finally
        {
            if (!arrives)
            {
                stream.Dispose();
            }
        }
    }

    /// <summary>Copies the matrices that are not in their places yet; null if all are.</summary>
    public WeightArrivals? Arrivals { get; private set; }

    /// <summary>Brings the streamed layers to their slots; null if all layers stay on the device.</summary>
    public LayerTransfers? Transfers { get; }

    /// <summary>Frees what copied them. Call it when all are in their places.</summary>
    public void EndArrivals()
    {
        Arrivals?.Dispose();
        Arrivals = null;
    }

    public void Dispose()
    {
        EndArrivals();
        Transfers?.Dispose();
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
