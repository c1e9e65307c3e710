using System.Text;
using Mistral.Ilgpu.Kernels;
using Mistral.Ilgpu.Tokenization;

namespace Mistral.Ilgpu.Generation;

/// <summary>
/// What is made of the tokens of one continuation as they are chosen: the choice itself, the text, and whether it has ended. It
/// knows nothing of where logits come from.
/// </summary>
internal sealed class Continuation
{
    private readonly TextTokenizer _tokenizer;
    private readonly IReadOnlyCollection<int> _endIds;
    private readonly GenerationOptions _options;
    private readonly Sampler _sampler;
    private readonly StreamingDecoder _decoder;
    private readonly StopMatcher _stops;
    private readonly float[] _logits;
    private readonly StringBuilder _text = new();
    private readonly List<int> _ids = [];

    /// <param name="prompt">The text so far.</param>
    /// <param name="startsText">Whether the output is a text of its own, whose first word has no space before it.</param>
    public Continuation(
        TextTokenizer tokenizer, IReadOnlyCollection<int> endIds, int vocabularySize,
        IReadOnlyList<int> prompt, GenerationOptions options, bool startsText)
    {
        (_tokenizer, _options) = (tokenizer, options);
        // A file that names no such token may still come with a tokenizer that has one.
        _endIds = endIds.Count == 0 && tokenizer.EosId >= 0 ? [tokenizer.EosId] : endIds;
        _sampler = new Sampler(options.Sampling, vocabularySize);
        _decoder = tokenizer.CreateDecoder(
            !startsText && prompt.Any(id => id < tokenizer.VocabularySize && !tokenizer.IsControl(id)));
        _stops = new StopMatcher(options.Stop);
        _logits = new float[NeedsLogits ? vocabularySize : 0];
        foreach (int id in prompt)
        {
            _sampler.Accept(id);
        }
    }

    /// <summary>Whether tokens are chosen by <see cref="Sample"/>: a penalty knows the text so far, which the model's choice does
    /// not.</summary>
    public bool NeedsLogits => _options.Sampling.IsPenalized;

    public IReadOnlyList<int> Ids => _ids;

    public string Text => _text.ToString();

    /// <summary>Why it ended; null while it goes on.</summary>
    public FinishReason? Ending { get; private set; }

    /// <summary>Room for the logits that <see cref="Sample"/> chooses from.</summary>
    public Span<float> Logits => _logits;

    /// <summary>How the model is to choose the next token, to be asked once for each; the likeliest where <see cref="Sample"/>
    /// chooses.</summary>
    public TokenChoice NextChoice() => NeedsLogits ? TokenChoice.Likeliest : _sampler.NextChoice();

    /// <summary>Chooses the next token from <see cref="Logits"/>.</summary>
    public int Sample() => _sampler.Sample(_logits);

    /// <summary>Takes the next token.</summary>
    /// <param name="isLast">Whether there is no room for another.</param>
    /// <returns>The token with what text is certain now; null if it ended the text.</returns>
    public GeneratedToken? Add(int id, bool isLast)
    {
        if (!_options.IgnoreEos && _endIds.Contains(id))
        {
            Ending = FinishReason.Stop;
            return null;
        }

        _ids.Add(id);
        _sampler.Accept(id);
        // A model's vocabulary may be padded past its tokenizer's; what lies there stands for no text.
        string text = Emit(_stops.Append(id < _tokenizer.VocabularySize ? _decoder.Append(id) : ""));
        if (_stops.IsStopped)
        {
            Ending = FinishReason.Stop;
        }
        else if (isLast || _ids.Count == _options.MaxTokens)
        {
            Ending = FinishReason.Length;
        }

        return new GeneratedToken(id, text);
    }

    /// <summary>Ends the text, with <see cref="FinishReason.Cancelled"/> if it would have gone on.</summary>
    /// <returns>Text that was held back; null if there is none.</returns>
    public GeneratedToken? End()
    {
        Ending ??= FinishReason.Cancelled;
        string rest = Emit(_stops.Append(_decoder.Flush()) + _stops.Flush());
        return rest.Length > 0 ? new GeneratedToken(null, rest) : null;
    }

    private string Emit(string text)
    {
        _text.Append(text);
        return text;
    }
}
