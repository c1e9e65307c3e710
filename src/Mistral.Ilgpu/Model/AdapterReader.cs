using System.Runtime.InteropServices;
using Mistral.Ilgpu.Checkpoints;
using Mistral.Ilgpu.Checkpoints.Lora;
using Mistral.Ilgpu.Kernels;
using Mistral.Ilgpu.Planning;

namespace Mistral.Ilgpu.Model;

/// <summary>Reads the files of adapters of a model.</summary>
internal sealed class AdapterReader(Checkpoint checkpoint, ModelPlan plan, TensorFormat cacheType)
{
    private readonly int _headDim = AttentionShape.Of(checkpoint.Config, cacheType).PaddedHeadDim;

    /// <exception cref="ModelFileException">The adapter is missing, damaged, or does not fit the model.</exception>
    /// <exception cref="OperationCanceledException">Cancelled between two tensors.</exception>
    public IReadOnlyList<AdapterTerm> Read(LoraOptions options, CancellationToken cancellation)
    {
        using var adapter = LoraAdapter.Open(options.Path, checkpoint.Config);
        float scale = adapter.Scale * options.Scale;
        var terms = new List<AdapterTerm>();
        foreach (var matrix in plan.Weights.OfType<MatrixPlan>())
        {
            int row = 0;
            foreach (string name in matrix.Bands.SelectMany(band => band.Names))
            {
                var tensor = checkpoint.Tensors[name].WithHeadsOf(_headDim);
                if (adapter.Pairs.TryGetValue(name, out var pair))
                {
                    pair = pair with { B = pair.B.WithHeadsOf(tensor.RowsPerHead) };
                    terms.Add(new AdapterTerm(
                        matrix, row, pair, Values(pair.A, scale, cancellation), Values(pair.B, 1, cancellation)));
                }

                row += tensor.Rows;
            }
        }

        return terms;
    }

    private static float[] Values(CheckpointTensor tensor, float scale, CancellationToken cancellation)
    {
        cancellation.ThrowIfCancellationRequested();
        int stride = Padding.Pad(tensor.Columns);
        var values = new float[tensor.Columns];
        var padded = new float[(long)tensor.Rows * stride];
        for (int row = 0; row < tensor.Rows; row++)
        {
            tensor.CopyRows(row, 1, TensorFormat.Float32, MemoryMarshal.AsBytes(values.AsSpan()));
            for (int column = 0; column < values.Length; column++)
            {
                padded[((long)row * stride) + column] = values[column] * scale;
            }
        }

        return padded;
    }
}
