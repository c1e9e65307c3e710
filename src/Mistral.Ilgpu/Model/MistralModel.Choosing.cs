using System.Numerics.Tensors;
using Mistral.Ilgpu.Model.Cache;

namespace Mistral.Ilgpu.Model;

/// <summary>The tokens that follow a pass, chosen where the logits are as far as the device can.</summary>
internal sealed partial class MistralModel
{
    private HostChoice? _hostChoice;
    private float[]? _logitsOnHost;
    private bool _hasReadChosen;
    private int _checkedTexts;

    /// <summary>The most likely next token for each row of logits of the last pass, chosen on the device; waits for
    /// them.</summary>
    /// <exception cref="InvalidOperationException">The batch asked for a token to be drawn.</exception>
    public ReadOnlySpan<int> ArgMax()
    {
        using var entered = Enter();
        foreach (ref readonly var choice in _workspace.Choices(LastPass.LogitCount))
        {
            if (choice.IsDrawn)
            {
                throw new InvalidOperationException("the pass draws tokens, expected one that takes the likeliest");
            }
        }

        return ChosenOnDevice();
    }

    /// <summary>
    /// The next token for a row of logits of the last pass, chosen as the batch asked; waits for it. Devices that draw tokens
    /// bring no more than their ids to the host, where others bring the row; which token it is does not depend on that.
    /// </summary>
    /// <exception cref="ModelFileException">A token is to be drawn and a logit is NaN or +∞, or none is finite.</exception>
    public int Choose(int row)
    {
        using var entered = Enter();
        var choice = _workspace.Choices(LastPass.LogitCount)[row];
        // The device names no token where it cannot draw; the host says why.
        if ((_drawsTokens || !choice.IsDrawn) && ChosenOnDevice()[row] is >= 0 and var chosen)
        {
            return chosen;
        }

        _logitsOnHost ??= new float[Config.VocabularySize];
        _hostChoice ??= new HostChoice(Config.VocabularySize);
        ReadLogits(row, _logitsOnHost);
        return _hostChoice.Choose(_logitsOnHost, choice);
    }

    /// <summary>Copies a row of logits of the last pass to the host; waits for it.</summary>
    /// <exception cref="ModelFileException">The weights make a logit that is NaN or +∞, or none that is finite.</exception>
    public void ReadLogits(int row, Span<float> logits)
    {
        using var entered = Enter();
        _workspace.ReadLogits(row, logits);
        // NaN where there is one, and the largest otherwise.
        float most = TensorPrimitives.Max<float>(logits);
        if (!float.IsFinite(most))
        {
            throw new ModelFileException(Source, FormattableString.Invariant(
                $"logits: found {most} for token {
                    logits.IndexOf(most)}, expected finite numbers; the weights make more than float32 holds{Overflow}"));
        }
    }

    /// <summary>Looks whether a text that ends has overflowed the cache. Weights do that early or never: the first texts tell,
    /// and others cost nothing.</summary>
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
                    "keys or values beyond 65,504 overflow a cache in f16, which changes what the model writes; bf16 holds them");
            }
        }
    }

    /// <summary>The file or folder that the weights are from, for messages.</summary>
    private string Source { get; init; } = "";

    private string Overflow =>
        Options.CacheType == TensorFormat.Float16 ? ", or than a cache in f16 does, for which bf16 helps" : "";

    private ReadOnlySpan<int> ChosenOnDevice()
    {
        if (!_hasChosen)
        {
            Runner.Launch(_choose, LastPass);
            _hasChosen = true;
        }

        if (!_hasReadChosen)
        {
            _workspace.ReadChosen(LastPass.LogitCount);
            _hasReadChosen = true;
        }

        return _workspace.ChosenOnHost(LastPass.LogitCount);
    }
}
