using System.Diagnostics;
using System.Text;
using Mistral.Ilgpu.Tokenization;

namespace Mistral.Ilgpu.Generation;

/// <summary>
/// One continuation of one text. <see cref="Run"/> hands out tokens as they are chosen; the texts it hands out, joined, are
/// <see cref="Text"/>. Once it has ended the other properties are final.
/// </summary>
public sealed class Generation
{
    private readonly ILogitSource _model;
    private readonly TextTokenizer _tokenizer;
    private readonly IReadOnlyCollection<int> _endIds;
    private readonly int[] _prompt;
    private readonly GenerationOptions _options;
    private readonly Sampler _sampler;
    private readonly StreamingDecoder _decoder;
    private readonly StopMatcher _stops;
    private readonly float[] _logits;
    private readonly StringBuilder _text = new();
    private readonly List<int> _ids = [];

    internal Generation(
        ILogitSource model,
        TextTokenizer tokenizer,
        IReadOnlyCollection<int> endIds,
        int[] prompt,
        GenerationOptions options,
        bool continuesText)
    {
        (_model, _tokenizer, _endIds, _prompt, _options) = (model, tokenizer, endIds, prompt, options);
        _sampler = new Sampler(options.Sampling, model.VocabularySize);
        _decoder = tokenizer.CreateDecoder(continuesText);
        _stops = new StopMatcher(options.Stop);
        _logits = new float[options.Sampling.IsPlainArgMax ? 0 : model.VocabularySize];
    }

    public IReadOnlyList<int> PromptIds => _prompt;

    /// <summary>The tokens chosen, without the one that ended the text, but with those of a stop string.</summary>
    public IReadOnlyList<int> Ids => _ids;

    /// <summary>The text of <see cref="Ids"/>, up to a stop string.</summary>
    public string Text => _text.ToString();

    public FinishReason FinishReason { get; private set; } = FinishReason.Cancelled;

    public GenerationTimings Timings { get; private set; }

    /// <summary>Generates. Cancellation ends the text and throws nothing.</summary>
    /// <exception cref="Model.ContextFullException">The prompt alone is longer than the context.</exception>
    public IEnumerable<GeneratedToken> Run(CancellationToken cancellation = default)
    {
        var clock = Stopwatch.StartNew();
        int read = _model.Position;
        foreach (int id in _prompt)
        {
            _sampler.Accept(id);
        }

        bool isAlive = TryForward(_prompt.AsSpan(read), cancellation);
        int next = isAlive ? Choose() : -1;
        var prefillTime = clock.Elapsed;
        Timings = new GenerationTimings(_model.Position - read, prefillTime, 0, TimeSpan.Zero, TimeSpan.Zero);

        while (isAlive)
        {
            if (!_options.IgnoreEos && _endIds.Contains(next))
            {
                FinishReason = FinishReason.Stop;
                break;
            }

            _ids.Add(next);
            _sampler.Accept(next);
            string text = Emit(_stops.Append(Decode(next)));
            if (_ids.Count == 1)
            {
                Timings = Timings with { FirstTokenTime = clock.Elapsed };
            }

            yield return new GeneratedToken(next, text);

            if (_stops.IsStopped)
            {
                FinishReason = FinishReason.Stop;
                break;
            }

            if (_ids.Count == _options.MaxTokens || _model.Position >= _model.Context)
            {
                FinishReason = FinishReason.Length;
                break;
            }

            isAlive = TryForward([next], cancellation);
            if (isAlive)
            {
                next = Choose();
                Timings = Timings with { DecodeTokens = Timings.DecodeTokens + 1, DecodeTime = clock.Elapsed - prefillTime };
            }
        }

        string rest = Emit(_stops.Append(_decoder.Flush()) + _stops.Flush());
        if (rest.Length > 0)
        {
            yield return new GeneratedToken(null, rest);
        }
    }

    private bool TryForward(ReadOnlySpan<int> ids, CancellationToken cancellation)
    {
        try
        {
            cancellation.ThrowIfCancellationRequested();
            _model.Forward(ids, cancellation);
            return true;
        }
        catch (OperationCanceledException)
        {
            return false;
        }
    }

    private int Choose()
    {
        if (_options.Sampling.IsPlainArgMax)
        {
            return _model.ArgMax();
        }

        _model.ReadLogits(_logits);
        return _sampler.Sample(_logits);
    }

    // A model's vocabulary may be padded past its tokenizer's; what lies there stands for no text.
    private string Decode(int id) => id < _tokenizer.VocabularySize ? _decoder.Append(id) : "";

    private string Emit(string text)
    {
        _text.Append(text);
        return text;
    }
}
