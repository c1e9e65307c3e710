using ILGPU;
using Mistral.Ilgpu.Checkpoints;
using Mistral.Ilgpu.Execution.Buffers;
using Mistral.Ilgpu.Execution.Devices;
using Mistral.Ilgpu.Kernels;
using Mistral.Ilgpu.Planning;

namespace Mistral.Ilgpu.Model;

/// <summary>A model's weights on the device; owns their memory.</summary>
internal sealed class ModelWeights : IDisposable
{
    private readonly List<IDisposable> _buffers = [];

    private readonly Dictionary<MatrixPlan, WeightMatrix> _matrices = [];
    private readonly Dictionary<VectorPlan, ArrayView<float>> _vectors = [];

    private ModelWeights(ComputeDevice device, Checkpoint checkpoint, ModelPlan plan, ModelOptions options, WeightStream stream)
    {
        int headDim = AttentionShape.Of(checkpoint.Config, options.CacheType).PaddedHeadDim;
        try
        {
            foreach (var weights in plan.Weights)
            {
                if (weights is MatrixPlan matrix)
                {
                    _matrices.Add(matrix, Matrix(matrix));
                }
                else
                {
                    _vectors.Add((VectorPlan)weights, Vector((VectorPlan)weights));
                }
            }

            device.Synchronize();
        }
        catch
        {
            Dispose();
            throw;
        }

        ArrayView<float> Vector(VectorPlan plan)
        {
            var buffer = Own(device.Allocate<float>(plan.Length, $"the weights '{plan.Name}'"));
            stream.UploadVector(checkpoint.Tensors[plan.Name], buffer.View);
            return buffer.View;
        }

        WeightMatrix Matrix(MatrixPlan plan)
        {
            var bands = new List<WeightBand>();
            int row = 0;
            foreach (var part in plan.Bands)
            {
                CheckpointTensor[] parts = [.. part.Names.Select(name => checkpoint.Tensors[name].WithHeadsOf(headDim))];
                // Random weights are generated without the padding of their rows. Strips can lack rows.
                bool isWritten = part.Layout == WeightLayout.Strips
                    ? part.Rows % Strip.Rows == 0
                    : parts.All(tensor => tensor.Generator is null);
                var buffer = Own(
                    device.Allocate<byte>(part.Bytes, $"the weights '{plan.Bands[0].Names[0]}'", zeroed: !isWritten));
                var band = new WeightBand(row, part.Rows, part.Columns, part.Format, buffer.View, part.Layout);
                stream.Upload(parts, band);
                bands.Add(band);
                row += part.Rows;
            }

            return new WeightMatrix(plan.Name, bands);
        }
    }

    public IReadOnlyDictionary<MatrixPlan, WeightMatrix> Matrices => _matrices;

    public IReadOnlyDictionary<VectorPlan, ArrayView<float>> Vectors => _vectors;

    /// <exception cref="ModelFileException">A weight is not a finite number.</exception>
    /// <exception cref="DeviceException">The weights do not fit the device.</exception>
    public static ModelWeights Load(
        ComputeDevice device, Checkpoint checkpoint, ModelPlan plan, ModelOptions options,
        IProgress<TensorProgress>? progress, CancellationToken cancellation)
    {
        using var stream = new WeightStream(device, checkpoint.TotalBytes, progress, cancellation);
        return new ModelWeights(device, checkpoint, plan, options, stream);
    }

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
