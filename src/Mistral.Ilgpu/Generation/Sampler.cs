using Mistral.Ilgpu.Kernels;
using Mistral.Ilgpu.Model;

namespace Mistral.Ilgpu.Generation;

/// <summary>
/// Chooses the tokens of one text from their logits, see <see cref="SamplingOptions"/> for the order of the steps. Tokens have a
/// total order, higher logit first and then lower id, and each filter keeps a beginning of it. After bias and penalties all steps
/// compute with whole numbers, see <see cref="TokenOrder"/> and <see cref="TokenWeight"/>. Equal logits and an equal seed give
/// equal tokens on every device, and a device can do these steps itself.
/// </summary>
/// <param name="host">Chooses on the host; may be shared by texts whose tokens are chosen one after the other.</param>
internal sealed class Sampler(SamplingOptions options, ulong seed, HostChoice host)
{
    private readonly SplitMix64 _random = new(seed);
    private readonly PenaltyCounts? _counts = options.IsPenalized ? new PenaltyCounts(options.PenaltyWindow) : null;
    private ulong _draws;

    /// <summary>Counts a token of the text.</summary>
    /// <param name="isOutput">Whether it was generated.</param>
    public void Accept(int id, bool isOutput) => _counts?.Add(id, isOutput);

    /// <summary>How the next token is chosen from its logits once they are changed; to be asked once for each token.</summary>
    public TokenChoice NextChoice() => options.ChoiceOf(_random[_draws++]);

    /// <summary>Adds the bias and applies the penalties.</summary>
    /// <param name="logits">One for each token of the vocabulary.</param>
    public void Change(Span<float> logits)
    {
        foreach (var (id, bias) in options.LogitBias)
        {
            logits[id] += bias;
        }

        _counts?.Apply(options, logits);
    }

    /// <summary>The next token, from logits that are changed already.</summary>
    /// <exception cref="ArithmeticException">A logit is NaN or +∞, or none is finite.</exception>
    public int Choose(ReadOnlySpan<float> logits) => host.Choose(logits, NextChoice());
}
