using Mistral.Ilgpu.Model;

namespace Mistral.Ilgpu.Generation;

/// <summary>The log-probabilities of a prompt's tokens after its first.</summary>
/// <param name="top">How many of the likeliest tokens are kept for each.</param>
/// <param name="keepsLast">Whether the logits after the last token are kept.</param>
internal sealed class PromptScore(int[] prompt, int top, bool keepsLast) : PromptReader
{
    private readonly double[] _values = new double[prompt.Length - 1];
    private readonly TokenLogProbability[][] _top = new TokenLogProbability[top > 0 ? prompt.Length - 1 : 0][];

    private volatile bool _isWhole;

    /// <summary>Empty until the whole prompt is read.</summary>
    public IReadOnlyList<double> Values => _isWhole ? _values : [];

    /// <summary>The likeliest tokens in the place of each; empty if none were asked for, or until the whole prompt is
    /// read.</summary>
    public IReadOnlyList<IReadOnlyList<TokenLogProbability>> Top => _isWhole ? _top : [];

    public float[] LastLogits { get; private set; } = [];

    public override void Read(IBatchModel model, int first, int position, int count, float[] logits)
    {
        model.Score(first, count, logits, row => Take(position + row, logits));
        _isWhole = position + count == prompt.Length;
    }

    private void Take(int position, float[] logits)
    {
        if (position < _values.Length)
        {
            var normalizer = LogProbabilities.Normalizer(logits);
            _values[position] = LogProbabilities.Of(logits, prompt[position + 1], normalizer);
            if (top > 0)
            {
                _top[position] = LogProbabilities.Top(logits, top, normalizer);
            }
        }
        else if (keepsLast)
        {
            LastLogits = [.. logits];
        }
    }
}
