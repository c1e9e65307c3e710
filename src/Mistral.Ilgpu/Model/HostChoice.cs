using Mistral.Ilgpu.Kernels;

namespace Mistral.Ilgpu.Model;

/// <summary>
/// Chooses tokens as <see cref="ChooseGroup"/> does, with plain loops on the host. The same logits give the same tokens.
/// Allocates nothing for each token.
/// </summary>
internal sealed class HostChoice
{
    private readonly KeyHeap _keys;

    // For the tokens of each column (see TokenOrder.Place).
    private readonly ulong[] _weights = new ulong[TokenOrder.Columns];

    public HostChoice(int vocabularySize)
    {
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(vocabularySize);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(vocabularySize, TokenOrder.MostTokens);
        _keys = new KeyHeap(vocabularySize);
    }

    /// <exception cref="ArithmeticException">A logit is NaN or +∞, or none is finite.</exception>
    public int Choose(ReadOnlySpan<float> logits, in TokenChoice choice)
    {
        int likeliest = Likeliest(logits);
        if (!choice.IsDrawn)
        {
            return likeliest;
        }

        float best = logits[likeliest];
        ulong last = TokenOrder.LastKey(choice.MostDistance);
        if (choice.TopK < logits.Length || choice.TopP != 0)
        {
            last = Math.Min(last, LastOfTheLikeliest(logits, best, choice));
        }

        return Draw(logits, best, last, choice);
    }

    private static int Likeliest(ReadOnlySpan<float> logits)
    {
        int best = -1;
        for (int id = 0; id < logits.Length; id++)
        {
            float logit = logits[id];
            if (float.IsNaN(logit) || float.IsPositiveInfinity(logit))
            {
                throw new ArithmeticException($"the logit of token {id} is {logit}, expected a number");
            }

            if (!float.IsNegativeInfinity(logit) && (best < 0 || logit > logits[best]))
            {
                best = id;
            }
        }

        return best >= 0 ? best : throw new ArithmeticException("no logit is a finite number");
    }

    // The last key that top-k and top-p keep. Sorts the vocabulary only up to it.
    private ulong LastOfTheLikeliest(ReadOnlySpan<float> logits, float best, in TokenChoice choice)
    {
        var keys = _keys.Fill(logits.Length);
        ulong total = 0;
        for (int id = 0; id < logits.Length; id++)
        {
            keys[id] = TokenOrder.Key(logits[id], id, best);
        }

        bool isLimited = choice.TopK < logits.Length;
        if (choice.TopP != 0 && !isLimited)
        {
            foreach (ulong key in keys)
            {
                total += WeightAtOne(key);
            }
        }

        _keys.Heapify();
        if (isLimited)
        {
            _keys.Sort(choice.TopK);
            if (choice.TopP == 0)
            {
                return _keys[choice.TopK - 1];
            }

            for (int i = 0; i < choice.TopK; i++)
            {
                total += WeightAtOne(_keys[i]);
            }
        }

        ulong reach = TokenWeight.Reach(choice.TopP, total);
        ulong sum = 0;
        for (int i = 0; ; i++)
        {
            _keys.Sort(i + 1);
            sum += WeightAtOne(_keys[i]);
            if (sum >= reach)
            {
                return _keys[i];
            }
        }
    }

    private int Draw(ReadOnlySpan<float> logits, float best, ulong last, in TokenChoice choice)
    {
        Array.Clear(_weights);
        ulong total = 0;
        for (int id = 0; id < logits.Length; id++)
        {
            ulong weight = Weight(logits, id, best, last, choice);
            _weights[id & (TokenOrder.Columns - 1)] += weight;
            total += weight;
        }

        ulong left = TokenWeight.HighProduct(choice.Random, total);
        int column = 0;
        while (_weights[column] <= left)
        {
            left -= _weights[column++];
        }

        int drawn = column;
        while (Weight(logits, drawn, best, last, choice) is var weight && weight <= left)
        {
            left -= weight;
            drawn += TokenOrder.Columns;
        }

        return drawn;
    }

    private static ulong Weight(ReadOnlySpan<float> logits, int id, float best, ulong last, in TokenChoice choice)
    {
        ulong key = TokenOrder.Key(logits[id], id, best);
        return key <= last ? TokenWeight.Of(TokenOrder.DistanceOf(key), choice.Scale) : 0;
    }

    private static ulong WeightAtOne(ulong key) => TokenWeight.Of(TokenOrder.DistanceOf(key), TokenWeight.One);
}
