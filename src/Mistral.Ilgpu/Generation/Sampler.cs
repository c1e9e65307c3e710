namespace Mistral.Ilgpu.Generation;

/// <summary>
/// Chooses a token from its logits. In this order, which is llama.cpp's:
/// <list type="number">
/// <item>repetition penalty (Keskar et al. 2019, CTRL, arXiv 1909.05858, §4.1) over prompt and output: seen tokens' positive
/// logits are divided by it, negative ones multiplied, so that both become less likely;</item>
/// <item>top-k (Fan et al. 2018, arXiv 1805.04833);</item>
/// <item>top-p (Holtzman et al. 2019, arXiv 1904.09751) of what top-k left, renormalized;</item>
/// <item>min-p (Nguyen et al. 2024, arXiv 2407.01082), relative to the most probable token;</item>
/// <item>temperature over what is left, and one draw.</item>
/// </list>
/// Tokens have a total order, higher logit first and then lower id, and each filter keeps a beginning of it. Sums are in
/// double and in a fixed order, so that equal logits and an equal seed give equal tokens. Nothing is allocated per token.
/// </summary>
public sealed class Sampler
{
    private readonly SamplingOptions _options;
    private readonly SplitMix64 _random;
    private readonly CandidateHeap _candidates;
    private readonly double[] _weights;
    private readonly bool[] _isSeen;
    private readonly int[] _seen;
    private int _seenCount;
    private ulong _draws;

    public Sampler(SamplingOptions options, int vocabularySize)
    {
        ArgumentNullException.ThrowIfNull(options);
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(vocabularySize);
        _options = options;
        _random = new SplitMix64(options.Seed);
        // What plain arg-max never touches is not allocated.
        int size = options.IsPlainArgMax ? 0 : vocabularySize;
        _candidates = new CandidateHeap(size);
        _weights = new double[size];
        _isSeen = new bool[size];
        _seen = new int[size];
    }

    /// <summary>Counts a token of the prompt or the output as seen.</summary>
    public void Accept(int id)
    {
        if (_options.RepeatPenalty != 1 && !_isSeen[id])
        {
            _isSeen[id] = true;
            _seen[_seenCount++] = id;
        }
    }

    /// <summary>The next token.</summary>
    /// <param name="logits">One per token of the vocabulary; the penalty changes them.</param>
    /// <exception cref="ArithmeticException">A logit is NaN or +∞, or none is finite.</exception>
    public int Sample(Span<float> logits)
    {
        Penalize(logits);
        int best = MostLikely(logits);
        if (_options.Temperature == 0)
        {
            return best;
        }

        double max = logits[best];
        bool keepsOrder = _options.TopP < 1 || (_options.TopK > 0 && _options.TopK < logits.Length);
        int kept = keepsOrder ? KeepBest(logits, max) : KeepAboveCutoff(logits, max);
        return Draw(kept, max);
    }

    private void Penalize(Span<float> logits)
    {
        double penalty = _options.RepeatPenalty;
        foreach (int id in _seen.AsSpan(0, _seenCount))
        {
            float logit = logits[id];
            logits[id] = (float)(logit > 0 ? logit / penalty : logit * penalty);
        }
    }

    private static int MostLikely(ReadOnlySpan<float> logits)
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

    // No filter needs the order: the candidates stay in the order of their ids.
    private int KeepAboveCutoff(ReadOnlySpan<float> logits, double max)
    {
        double cutoff = max + Math.Log(_options.MinP);
        _candidates.Clear();
        for (int id = 0; id < logits.Length; id++)
        {
            if (logits[id] >= cutoff)
            {
                _candidates.Add(id, logits[id]);
            }
        }

        return _candidates.Count;
    }

    // Sorts no more of the vocabulary than is kept.
    private int KeepBest(ReadOnlySpan<float> logits, double max)
    {
        _candidates.Clear();
        double total = 0;
        for (int id = 0; id < logits.Length; id++)
        {
            _candidates.Add(id, logits[id]);
        }

        _candidates.Heapify();
        int limit = _options.TopK > 0 ? Math.Min(_options.TopK, logits.Length) : logits.Length;
        if (_options.TopP < 1)
        {
            if (limit < logits.Length)
            {
                _candidates.Sort(limit);
                for (int i = 0; i < limit; i++)
                {
                    total += Math.Exp(_candidates[i].Logit - max);
                }
            }
            else
            {
                foreach (float logit in logits)
                {
                    total += Math.Exp(logit - max);
                }
            }
        }

        double cutoff = max + Math.Log(_options.MinP);
        double mass = 0;
        int kept = 0;
        while (kept < limit)
        {
            _candidates.Sort(kept + 1);
            float logit = _candidates[kept].Logit;
            if (logit < cutoff)
            {
                break;
            }

            kept++;
            mass += Math.Exp(logit - max);
            if (_options.TopP < 1 && mass >= _options.TopP * total)
            {
                break;
            }
        }

        return kept;
    }

    private int Draw(int count, double max)
    {
        double total = 0;
        for (int i = 0; i < count; i++)
        {
            _weights[i] = Math.Exp((_candidates[i].Logit - max) / _options.Temperature);
            total += _weights[i];
        }

        double at = _random.Uniform(_draws++) * total;
        double mass = 0;
        int last = 0;
        for (int i = 0; i < count; i++)
        {
            mass += _weights[i];
            if (at < mass)
            {
                return _candidates[i].Id;
            }

            last = _weights[i] > 0 ? i : last;
        }

        // The product above may round up to the total.
        return _candidates[last].Id;
    }
}
