using ILGPU;
using Mistral.Ilgpu.Execution.Buffers;
using Mistral.Ilgpu.Execution.Devices;
using Mistral.Ilgpu.Execution.Families;
using Mistral.Ilgpu.Execution.Passes;
using Mistral.Ilgpu.Model;
using Mistral.Ilgpu.Model.Cache;
using Mistral.Ilgpu.Planning;

namespace Mistral.Ilgpu.Kernels.Tests;

/// <summary>A model of one layer, bound to kernels that never run.</summary>
internal static class PlannedModel
{
    public static ModelConfig Config(int headDim, int dim = 512, bool isTied = false) => new()
    {
        VocabularySize = 32, Dim = dim, LayerCount = 1, HeadCount = 4, KvHeadCount = 2, HeadDim = headDim,
        FeedForwardDim = Math.Min(dim, 512), NormEpsilon = 1e-5f, RopeTheta = 10_000, MaxPositions = 128,
        SlidingWindow = 128, TiedEmbeddings = isTied,
    };

    public static LayerGraph Bind(
        ComputeDevice device, IKernelBinder kernels, TensorFormat weights, TensorFormat cacheType, int headDim,
        ActivationType activations, int dim = 512, bool isTied = false, Func<MatrixPlan, bool>? isAdapted = null)
    {
        const int Rows = 4;
        var config = Config(headDim, dim, isTied);
        var options = new ModelOptions(CacheType: cacheType, Activations: activations, Chunk: Rows);
        var buffers = new List<IDisposable>();
        var family = Family.Of(device);
        var shape = AttentionShape.Of(config, cacheType);
        var plan = new MistralGraph(
            config, shape, WeightFormats.On(family, activations, _ => weights), RotatingKvCache.Plan(config, options)).Plan();
        using var cache = new RotatingKvCache(device, config, options, Rows);
        var memory = new PlanMemory(
            plan.Activations.ToDictionary(one => one, one => family.Input(
                device, one.Name, Rows, one.Columns, Room<float>(Rows * Padding.Pad(one.Columns)), buffers.Add)),
            plan.Weights.OfType<MatrixPlan>().ToDictionary(one => one, one => new WeightMatrix(
                one.Name,
                [.. one.Bands.Select(band => new WeightBand(
                    0, band.Rows, band.Columns, band.Format, Room<byte>(band.Bytes), band.Layout))],
                isAdapted?.Invoke(one) == true ? [Adapter(one)] : [])),
            plan.Weights.OfType<VectorPlan>().ToDictionary(one => one, one => Room<float>(one.Length)))
        {
            Caches = cache.Layers, Frequencies = Room<ulong>(shape.PaddedHeadDim / 2), Parts = Room<float>(shape.PartFloats),
            Chosen = Room<int>(Rows),
        };
        var binder = new StepBinder(
            KernelSet.Of(device, new StepState(Room<int>(StepState.Header)), activations, kernels), memory);
        var graph = binder.Bind(plan);
        binder.Bind(plan.Choice!);
        buffers.ForEach(buffer => buffer.Dispose());
        return graph;

        LowRankUpdate Adapter(MatrixPlan matrix) => new(
            new WeightMatrix("a", [Float32Band(1, matrix.Columns)]), Float32Band(matrix.Rows, 1),
            new Activation("ax", Rows, 1, Room<float>(Rows * Padding.Pad(1))));

        WeightBand Float32Band(int rows, int columns) => new(
            0, rows, columns, TensorFormat.Float32,
            Room<byte>(WeightBand.SizeOf(rows, columns, TensorFormat.Float32, WeightLayout.Rows)));

        ArrayView<T> Room<T>(long length)
            where T : unmanaged
        {
            var buffer = device.Allocate<T>(length, "the catalog");
            buffers.Add(buffer);
            return buffer.View;
        }
    }
}
