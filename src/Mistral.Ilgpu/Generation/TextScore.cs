using Mistral.Ilgpu.Model;

namespace Mistral.Ilgpu.Generation;

/// <summary>How probable a model finds a text.</summary>
/// <param name="LogProbabilities">Natural logarithms, of each token after the first given those before it.</param>
/// <param name="LastLogits">Of what may follow the last token.</param>
public sealed record TextScore(IReadOnlyList<int> Ids, IReadOnlyList<double> LogProbabilities, IReadOnlyList<float> LastLogits)
{
    /// <summary>e to the mean negative log-probability; null where there is but one token.</summary>
    public double? Perplexity => LogProbabilities.Count > 0 ? Math.Exp(-LogProbabilities.Average()) : null;

    /// <param name="text">Of a model loaded for scoring; nothing read yet.</param>
    internal static TextScore Of(ModelText text, int[] ids, CancellationToken cancellation = default)
    {
        var logProbabilities = new double[ids.Length - 1];
        float[] last = [];
        text.Score(
            ids,
            (index, logits) =>
            {
                if (index < logProbabilities.Length)
                {
                    logProbabilities[index] = LogProbability(logits, ids[index + 1]);
                }
                else
                {
                    last = [.. logits];
                }
            },
            cancellation);
        text.CheckCache();
        return new TextScore(ids, logProbabilities, last);
    }

    /// <summary>ln softmax(logits)[id], summed in double.</summary>
    internal static double LogProbability(ReadOnlySpan<float> logits, int id)
    {
        double max = double.NegativeInfinity;
        foreach (float logit in logits)
        {
            max = Math.Max(max, logit);
        }

        double sum = 0;
        foreach (float logit in logits)
        {
            sum += Math.Exp(logit - max);
        }

        double value = logits[id] - max - Math.Log(sum);
        return double.IsNaN(value) ? throw new ArithmeticException($"the log-probability of token {id} is not a number") : value;
    }
}
