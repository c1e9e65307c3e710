using System.Numerics.Tensors;
using Mistral.Ilgpu.Planning;

namespace Mistral.Ilgpu.Model;

/// <summary>Computes logits and hidden states of any tokens of the last pass, also of those without a row of logits.</summary>
internal sealed partial class MistralModel
{
    private float[]? _normGain;

    /// <summary>
    /// Computes the logits of consecutive tokens of the last pass, some rows at a time, and reports each row. Overwrites the
    /// rows that the pass computed.
    /// </summary>
    /// <param name="first">The first token, in the order of the pass.</param>
    /// <param name="logits">A buffer for one row, overwritten for each.</param>
    /// <param name="onRow">Receives the index of the token, from 0, while <paramref name="logits"/> holds its row.</param>
    /// <exception cref="ModelFileException">The weights produce a logit that is NaN or +∞, or none that is finite.</exception>
    public void Score(int first, int count, float[] logits, Action<int> onRow)
    {
        using var entered = Enter();
        int most = Options.LogitRowsFor(Chunk);
        for (int done = 0; done < count;)
        {
            int rows = Math.Min(most, count - done);
            LastPass = Last.Workspace.UploadScored(LastPass, first + done, rows);
            foreach (var step in Last.Graph.StepsOf(LastPass))
            {
                if (step.Operation.Rows == RowSet.Logits)
                {
                    step.Launch(LastPass);
                }
            }

            for (int row = 0; row < rows; row++)
            {
                ReadLogits(row, logits);
                onRow(done + row);
            }

            done += rows;
        }
    }

    /// <summary>Copies the hidden states of consecutive tokens of the last pass, after the last norm: count × dim.</summary>
    /// <param name="first">The first token, in the order of the pass.</param>
    public void ReadHidden(int first, int count, Span<float> rows)
    {
        using var entered = Enter();
        // A pass keeps the result of the last norm only for rows of logits, so it is computed here for other tokens.
        var norm = Last.Plan.Operations.OfType<Norm>().Last();
        _normGain ??= Last.Read(norm.Gain);
        Last.Workspace.Read(norm.Hidden, first, count, rows);
        for (int i = 0; i < count; i++)
        {
            var row = rows.Slice(i * Config.Dim, Config.Dim);
            float scale = 1 / MathF.Sqrt((TensorPrimitives.SumOfSquares<float>(row) / row.Length) + Config.NormEpsilon);
            TensorPrimitives.Multiply(row, scale, row);
            TensorPrimitives.Multiply(row, _normGain, row);
        }
    }
}
