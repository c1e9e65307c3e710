using System.Numerics.Tensors;

namespace Mistral.Ilgpu.Generation;

/// <summary>Natural logarithms of probabilities, softmax(logits), summed in double.</summary>
internal static class LogProbabilities
{
    /// <summary>The parts of ln Σ exp(logit).</summary>
    public static Normalization Normalizer(ReadOnlySpan<float> logits)
    {
        double max = TensorPrimitives.Max(logits);
        double sum = 0;
        foreach (float logit in logits)
        {
            sum += Math.Exp(logit - max);
        }

        return new Normalization(max, Math.Log(sum));
    }

    /// <summary>ln softmax(logits)[id].</summary>
    /// <exception cref="ArithmeticException">It is not a number.</exception>
    public static double Of(ReadOnlySpan<float> logits, int id, in Normalization normalizer)
    {
        double value = logits[id] - normalizer.Max - normalizer.LogSum;
        return double.IsNaN(value) ? throw new ArithmeticException($"the log-probability of token {id} is not a number") : value;
    }

    /// <summary>The likeliest tokens, likeliest first and then by id.</summary>
    public static TokenLogProbability[] Top(ReadOnlySpan<float> logits, int count, in Normalization normalizer)
    {
        count = Math.Min(count, logits.Length);
        var heap = new PriorityQueue<int, (float Logit, int Rank)>(count + 1);
        for (int id = 0; count > 0 && id < logits.Length; id++)
        {
            var place = (logits[id], -id);
            if (heap.Count < count)
            {
                heap.Enqueue(id, place);
            }
            else
            {
                heap.EnqueueDequeue(id, place);
            }
        }

        var top = new TokenLogProbability[heap.Count];
        for (int i = top.Length - 1; i >= 0; i--)
        {
            int id = heap.Dequeue();
            top[i] = new TokenLogProbability(id, Of(logits, id, normalizer));
        }

        return top;
    }

    /// <param name="Max">The largest logit, apart because a sum with it rounds.</param>
    /// <param name="LogSum">ln Σ exp(logit − max).</param>
    public readonly record struct Normalization(double Max, double LogSum);
}
