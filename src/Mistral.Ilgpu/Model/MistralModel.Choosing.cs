using Mistral.Ilgpu.Execution;

namespace Mistral.Ilgpu.Model;

/// <summary>The tokens that follow a pass, chosen where the logits are as far as the device can.</summary>
public sealed partial class MistralModel
{
    private HostChoice? _hostChoice;
    private float[]? _logitsOnHost;
    private bool _hasReadChosen;

    /// <summary>The most likely next token for each row of logits of the last pass, chosen on the device; waits for them.</summary>
    /// <exception cref="InvalidOperationException">The batch asked for a token to be drawn.</exception>
    public ReadOnlySpan<int> ArgMax()
    {
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
    /// The next token for a row of logits of the last pass, chosen as the batch asked; waits for it. Devices that draw tokens bring no more than
    /// their ids to the host, where others bring the row; which token it is does not depend on that.
    /// </summary>
    /// <exception cref="ArithmeticException">A token is to be drawn and a logit is NaN or +∞, or none is finite.</exception>
    public int Choose(int row)
    {
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
    public void ReadLogits(int row, Span<float> logits) => _workspace.ReadLogits(row, logits);

    private ReadOnlySpan<int> ChosenOnDevice()
    {
        if (!_hasChosen)
        {
            Take(_choose, LastPass);
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
