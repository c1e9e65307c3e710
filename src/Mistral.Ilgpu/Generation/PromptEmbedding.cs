using System.Numerics.Tensors;
using Mistral.Ilgpu.Model;

namespace Mistral.Ilgpu.Generation;

/// <summary>One vector for a prompt, made of its tokens' hidden states after the last norm.</summary>
internal sealed class PromptEmbedding(int length, EmbeddingPooling pooling) : PromptReader
{
    private double[] _sum = [];
    private float[] _last = [];

    /// <summary>The vector, once the whole prompt was read.</summary>
    public float[] Vector() => pooling == EmbeddingPooling.Mean ? [.. _sum.Select(sum => (float)(sum / length))] : _last;

    public override void Read(IBatchModel model, int first, int position, int count, float[] logits)
    {
        if (pooling == EmbeddingPooling.LastToken)
        {
            if (position + count == length)
            {
                _last = new float[model.Dim];
                model.ReadHidden(first + count - 1, 1, _last);
            }

            return;
        }

        var rows = new float[count * model.Dim];
        model.ReadHidden(first, count, rows);
        if (_sum.Length == 0)
        {
            _sum = new double[model.Dim];
        }

        // Rows are added in the order of the text, in double, so that chunks change nothing.
        var wide = new double[model.Dim];
        for (int row = 0; row < count; row++)
        {
            TensorPrimitives.ConvertTruncating<float, double>(rows.AsSpan(row * model.Dim, model.Dim), wide);
            TensorPrimitives.Add(_sum, wide, _sum);
        }
    }
}
