using Mistral.Ilgpu.Kernels;
using Mistral.Ilgpu.Model;

namespace Mistral.Ilgpu.Generation;

/// <summary>
/// Chooses a token from its logits. In this order, which is llama.cpp's: <list type="number"> <item>repetition penalty (Keskar et
/// al. 2019, CTRL, arXiv 1909.05858, §4.1) over prompt and output: seen tokens' positive logits are divided by it, negative ones
/// multiplied, so that both become less likely;</item> <item>top-k (Fan et al. 2018, arXiv 1805.04833);</item> <item>top-p
/// (Holtzman et al. 2019, arXiv 1904.09751) of what top-k left, renormalized;</item> <item>min-p (Nguyen et al. 2024, arXiv
/// 2407.01082), relative to the most probable token;</item> <item>temperature over what is left, and one draw.</item> </list>
/// Tokens have a total order, higher logit first and then lower id, and each filter keeps a beginning of it. All but the penalty
/// is whole numbers, see <see cref="TokenOrder"/> and <see cref="TokenWeight"/>: equal logits and an equal seed give equal tokens
/// on every device, which can do that part itself. Nothing is allocated per token.
/// </summary>
internal sealed class Sampler
{
    private readonly SamplingOptions _options;
    private readonly SplitMix64 _random;
    private readonly int _vocabularySize;
    private readonly bool[] _isSeen;
    private readonly int[] _seen;
    private HostChoice? _host;
    private int _seenCount;
    private ulong _draws;

    public Sampler(SamplingOptions options, int vocabularySize)
    {
        ArgumentNullException.ThrowIfNull(options);
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(vocabularySize);
        (_options, _vocabularySize) = (options, vocabularySize);
        _random = new SplitMix64(options.Seed);
        int size = options.IsPenalized ? vocabularySize : 0;
        _isSeen = new bool[size];
        _seen = new int[size];
    }

    /// <summary>Counts a token of the prompt or the output as seen.</summary>
    public void Accept(int id)
    {
        if (_options.IsPenalized && !_isSeen[id])
        {
            _isSeen[id] = true;
            _seen[_seenCount++] = id;
        }
    }

    /// <summary>How the next token is chosen from its logits once they are penalized; to be asked once for each token.</summary>
    public TokenChoice NextChoice() => _options.ChoiceOf(_random[_draws++]);

    /// <summary>The next token.</summary>
    /// <param name="logits">One per token of the vocabulary; the penalty changes them.</param>
    /// <exception cref="ArithmeticException">A logit is NaN or +∞, or none is finite.</exception>
    public int Sample(Span<float> logits)
    {
        Penalize(logits);
        _host ??= new HostChoice(_vocabularySize);
        return _host.Choose(logits, NextChoice());
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
}
