using System.Numerics.Tensors;
using Mistral.Ilgpu.Model.Cache;

namespace Mistral.Ilgpu.Model;

/// <summary>Chooses the tokens that follow a pass, on the device if it supports the choice.</summary>
internal sealed partial class MistralModel
{
    private HostChoice? _hostChoice;
    private float[]? _logitsOnHost;
    private bool _hasReadChosen;
    private int _checkedTexts;

    /// <summary>
    /// The likeliest next token for each row of logits of the last pass, chosen on the device. Waits for the result.
    /// </summary>
    /// <exception cref="InvalidOperationException">The batch requests sampling.</exception>
    public ReadOnlySpan<int> ArgMax()
    {
        using var entered = Enter();
        foreach (ref readonly var choice in Last.Workspace.Choices(LastPass.LogitCount))
        {
            if (choice.IsDrawn)
            {
                throw new InvalidOperationException("the pass samples tokens, expected a pass that takes the likeliest");
            }
        }

        return ChosenOnDevice();
    }

    /// <summary>
    /// The next token for a row of logits of the last pass, chosen as the batch specifies. Waits for the result. Devices that
    /// sample copy only the ids to the host; others copy the row. Both choose the same token.
    /// </summary>
    /// <exception cref="ModelFileException">A token is to be sampled and a logit is NaN or +∞, or none is finite.</exception>
    public int Choose(int row)
    {
        using var entered = Enter();
        var choice = Last.Workspace.Choices(LastPass.LogitCount)[row];
        // The device returns no token if it cannot sample. The host then reports the reason.
        if ((_drawsTokens || !choice.IsDrawn) && ChosenOnDevice()[row] is >= 0 and var chosen)
        {
            return chosen;
        }

        _logitsOnHost ??= new float[Config.VocabularySize];
        _hostChoice ??= new HostChoice(Config.VocabularySize);
        ReadLogits(row, _logitsOnHost);
        return _hostChoice.Choose(_logitsOnHost, choice);
    }

    /// <summary>Copies a row of logits of the last pass to the host. Waits for it.</summary>
    /// <exception cref="ModelFileException">The weights produce a logit that is NaN or +∞, or none that is finite.</exception>
    public void ReadLogits(int row, Span<float> logits)
    {
        using var entered = Enter();
        Last.Workspace.ReadLogits(row, logits);
        // NaN if there is one, otherwise the largest.
        float most = TensorPrimitives.Max<float>(logits);
        if (!float.IsFinite(most))
        {
            throw new ModelFileException(Source, FormattableString.Invariant(
                $"logits: found {most} for token {
                    logits.IndexOf(most)}, expected finite numbers; the weights produce values beyond float32{Overflow}"));
        }
    }

    /// <summary>
    /// Checks whether a text that ends has overflowed the cache. Only the first texts are checked, because weights cause an
    /// overflow early or never.
    /// </summary>
    public void CheckCache(Sequence sequence)
    {
        const int MostTexts = 16;
        if (OnCacheOverflow is { } tell && _checkedTexts < MostTexts && sequence.IsOpen)
        {
            using var entered = Enter();
            _checkedTexts++;
            if (_cache.HasOverflow(sequence))
            {
                _checkedTexts = MostTexts;
                tell(
                    "keys or values beyond 65,504 overflow a cache in f16, which changes the output; bf16 can hold them");
            }
        }
    }

    /// <summary>The file or folder of the weights, for messages.</summary>
    private string Source { get; init; } = "";

    private string Overflow =>
        Options.CacheType == TensorFormat.Float16 ? ", or beyond a cache in f16, which bf16 avoids" : "";

    private ReadOnlySpan<int> ChosenOnDevice()
    {
        if (!_hasChosen)
        {
            Last.Runner.Launch(Last.Choose!, LastPass);
            _hasChosen = true;
        }

        if (!_hasReadChosen)
        {
            Last.Workspace.ReadChosen(LastPass.LogitCount);
            _hasReadChosen = true;
        }

        return Last.Workspace.ChosenOnHost(LastPass.LogitCount);
    }
}
