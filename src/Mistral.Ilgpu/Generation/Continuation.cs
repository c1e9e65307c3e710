using System.Runtime.InteropServices;
using System.Text;
using Mistral.Ilgpu.Constraints;
using Mistral.Ilgpu.Kernels;
using Mistral.Ilgpu.Model;
using Mistral.Ilgpu.Tokenization;

namespace Mistral.Ilgpu.Generation;

/// <summary>
/// The choice of the tokens of one text, their text, and whether it has ended. It knows nothing of where logits come from. One
/// thread changes it; <see cref="Ids"/> and <see cref="Text"/> are for any.
/// </summary>
internal sealed class Continuation
{
    private readonly TextTokenizer _tokenizer;
    private readonly IReadOnlyCollection<int> _endIds;
    private readonly GenerationOptions _options;
    private readonly Sampler _sampler;
    private readonly StreamingDecoder _decoder;
    private readonly StopMatcher _stops;
    private readonly ConstraintMatcher? _form;
    private readonly int _promptLength;
    private readonly Lock _lock = new();
    private readonly StringBuilder _text = new();

    // The prompt and what follows it.
    private readonly List<int> _all;

    /// <param name="prompt">The text so far.</param>
    /// <param name="startsText">Whether the output is a text of its own, whose first word has no space before it.</param>
    /// <param name="host">See <see cref="Sampler"/>.</param>
    public Continuation(
        TextTokenizer tokenizer, IReadOnlyCollection<int> endIds, int[] prompt,
        GenerationOptions options, ulong seed, bool startsText, HostChoice host)
    {
        (_tokenizer, _options, _promptLength) = (tokenizer, options, prompt.Length);
        _all = [.. prompt];
        // A file that names no such token may still come with a tokenizer that has one.
        _endIds = endIds.Count == 0 && tokenizer.EosId >= 0 ? [tokenizer.EosId] : endIds;
        _sampler = new Sampler(options.Sampling, seed, host);
        bool isContinuation = !startsText && prompt.Any(id => id < tokenizer.VocabularySize && !tokenizer.IsControl(id));
        _decoder = tokenizer.CreateDecoder(isContinuation);
        _stops = new StopMatcher(options.Stop);
        _form = options.Constraint?.Begin(tokenizer, dropsFirstSpace: !isContinuation);
        NeedsLogits = options.Sampling.ChangesLogits || options.LogitProcessors.Count > 0
            || options.TopLogProbabilities is not null || _form is not null;
        foreach (int id in prompt)
        {
            _sampler.Accept(id, isOutput: false);
        }
    }

    /// <summary>Whether tokens are chosen by <see cref="Choose"/>, because logits are changed or wanted, and not by the
    /// model.</summary>
    public bool NeedsLogits { get; }

    /// <summary>The tokens so far, without the prompt; a copy.</summary>
    public IReadOnlyList<int> Ids
    {
        get
        {
            lock (_lock)
            {
                return _all.GetRange(_promptLength, _all.Count - _promptLength);
            }
        }
    }

    public string Text
    {
        get
        {
            lock (_lock)
            {
                return _text.ToString();
            }
        }
    }

    /// <summary>The stop string that ended it; null for others.</summary>
    public string? StopText => _stops.Found;

    /// <summary>Why it ended; null while it goes on.</summary>
    public FinishReason? Ending { get; private set; }

    /// <summary>How the model is to choose the next token, to be asked once for each; the likeliest where <see cref="Choose"/>
    /// does.</summary>
    public TokenChoice NextChoice() => NeedsLogits ? TokenChoice.Likeliest : _sampler.NextChoice();

    /// <summary>Chooses the next token from its logits, which are changed.</summary>
    /// <param name="logProbabilities">Of the token and of the likeliest; null unless asked for.</param>
    public int Choose(Span<float> logits, out (double Chosen, TokenLogProbability[] Top)? logProbabilities)
    {
        float[]? own = _options.TopLogProbabilities is null ? null : logits.ToArray();
        _sampler.Change(logits);
        foreach (var processor in _options.LogitProcessors)
        {
            processor.Process(CollectionsMarshal.AsSpan(_all), _promptLength, logits);
        }

        _form?.Apply(logits, _endIds);
        int id = _sampler.Choose(logits);
        logProbabilities = null;
        if (own is not null)
        {
            var normalizer = LogProbabilities.Normalizer(own);
            logProbabilities = (
                LogProbabilities.Of(own, id, normalizer),
                LogProbabilities.Top(own, _options.TopLogProbabilities!.Value, normalizer));
        }

        return id;
    }

    /// <summary>Takes the next token.</summary>
    /// <param name="isLast">Whether there is no room for another.</param>
    /// <returns>The token with what text is certain now; null if it ended the text.</returns>
    public GeneratedToken? Add(int id, bool isLast)
    {
        // A form that may end here ends with such a token, whatever else the text does.
        if ((!_options.IgnoreEos || _form is not null) && _endIds.Contains(id))
        {
            Ending = FinishReason.Stop;
            return null;
        }

        lock (_lock)
        {
            _all.Add(id);
        }

        _sampler.Accept(id, isOutput: true);
        // A model's vocabulary may be padded past its tokenizer's; what lies there stands for no text.
        string text = Emit(_stops.Append(id < _tokenizer.VocabularySize ? _decoder.Append(id) : ""));
        if (_stops.IsStopped || _form?.Accept(id) == true)
        {
            Ending = FinishReason.Stop;
        }
        else if (isLast || _all.Count - _promptLength == _options.MaxTokens)
        {
            Ending = FinishReason.Length;
        }

        return new GeneratedToken(id, text);
    }

    /// <summary>Ends the text, for this reason if it would have gone on.</summary>
    /// <returns>Text that was held back; null if there is none.</returns>
    public GeneratedToken? End(FinishReason reason)
    {
        Ending ??= reason;
        string rest = Emit(_stops.Append(_decoder.Flush()) + _stops.Flush());
        return rest.Length > 0 ? new GeneratedToken(null, rest) : null;
    }

    private string Emit(string text)
    {
        lock (_lock)
        {
            _text.Append(text);
        }

        return text;
    }
}
