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

    // Layers that are used in place.
    private readonly List<IHostLayer> _inPlace = [];

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
            if (residency.IsInPlace)
            {
                // Before the others take memory, because layers that are not kept yet are packed in it.
                UseInPlace();
            }
            else if (residency.Streamed.Count > 0)
            {
                Transfers = Stream();
            }

            foreach (var vector in plan.Weights.OfType<VectorPlan>())
            {
                _vectors.Add(vector, Vector(vector));
            }

            foreach (var matrix in plan.Weights.OfType<MatrixPlan>().Where(matrix => !_matrices.ContainsKey(matrix)))
            {
                _matrices.Add(matrix, Matrix(matrix, arrives ? Later(plan.LayerOf(matrix)) : stream.Upload));
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

        void PlaceIn(
            ArrayView<byte> memory, IReadOnlyList<MatrixPlan> layer, Action<IReadOnlyList<CheckpointTensor>, WeightBand> fill)
        {
            long at = 0;
            foreach (var matrix in layer)
            {
                _matrices[matrix] = Place(
                    matrix,
                    (part, _) =>
                    {
                        var place = memory.SubView(at, part.Bytes);
                        at += Residency.Aligned(part.Bytes);
                        return place;
                    },
                    fill);
            }
        }

        // Packs a layer that no earlier process kept.
        IHostLayer Pack(LayerKeeper keeper, IReadOnlyList<MatrixPlan> layer, ArrayView<byte> memory)
        {
            memory.MemSetToZero(device.Stream);
            PlaceIn(memory, layer, stream.Upload);
            return Own(keeper.Keep(checkpoint, layer, memory));
        }

        void UseInPlace()
        {
            using var slot = device.Allocate<byte>(residency.SlotBytes, "the packing of a layer", zeroed: false);
            var keeper = Keeper = new LayerKeeper(device, LayerCache.Of(options, residency));
            // In parallel, because the check of a file reads the whole of it.
            var found = new IHostLayer?[residency.Matrices.Count];
            Parallel.For(0, found.Length, i => found[i] = keeper.Find(checkpoint, residency.Matrices[i]));
            _buffers.AddRange(found.OfType<IHostLayer>());
            foreach (var (layer, kept) in residency.Matrices.Zip(found))
            {
                var host = kept ?? Pack(keeper, layer, slot.View.SubView(0, Residency.BytesOf(layer)));
                var memory = Own(device.InPlace(host.Address, host.Length));
                PlaceIn(memory.AsArrayView<byte>(0, host.Length), layer, kept is null ? static (_, _) => { } : stream.Skip);
                _inPlace.Add(host);
            }

            device.Synchronize();
        }

        LayerTransfers Stream()
        {
            var slots = Enumerable.Range(0, Residency.SlotCount)
                .Select(_ => Own(device.Allocate<byte>(
                    residency.SlotBytes, "a slot of streamed layers", zeroed: false)).View).ToArray();
            var keeper = Keeper = new LayerKeeper(device, LayerCache.Of(options, residency));
            var layers = new List<IHostLayer>();
            foreach (var layer in residency.Matrices)
            {
                var memory = slots[layers.Count % slots.Length].SubView(0, Residency.BytesOf(layer));
                if (keeper.Find(checkpoint, layer) is { } kept)
                {
                    layers.Add(Own(kept));
                    PlaceIn(memory, layer, stream.Skip);
                }
                else
                {
                    layers.Add(Pack(keeper, layer, memory));
                }
            }

            // The transfers' stream does not wait for this one.
            device.Synchronize();
            var family = Family.Of(device);
            return new LayerTransfers(device, slots, layers, family.StagingBytes, family.IsReadByThreads);
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

    /// <summary>Where the host keeps streamed layers; null if all layers stay on the device.</summary>
    public LayerKeeper? Keeper { get; private set; }

    /// <summary>Frees what copied them. Call it when all are in their places.</summary>
    public void EndArrivals()
    {
        Arrivals?.Dispose();
        Arrivals = null;
    }

    /// <summary>Checks that layers that are used in place are still there. Call it before each pass.</summary>
    /// <exception cref="ModelFileException">A file was shortened.</exception>
    public void Check() => _inPlace.ForEach(static layer => layer.Check());

    public void Dispose()
    {
        EndArrivals();
        Transfers?.Dispose();
        // Buffers on mapped files before the files.
        foreach (var buffer in Enumerable.Reverse(_buffers))
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
