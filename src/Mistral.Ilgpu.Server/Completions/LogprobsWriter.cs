using Mistral.Ilgpu.Generation;
using Mistral.Ilgpu.Server.Answers;
using Mistral.Ilgpu.Tokenization;

namespace Mistral.Ilgpu.Server.Completions;

/// <summary>Collects the log-probabilities of a text's tokens, in their order.</summary>
internal sealed class LogprobsWriter(TextTokenizer tokenizer, bool isContinuation)
{
    // JSON has no infinity. OpenAI writes this for a token that cannot be.
    private const double Least = -9999;

    private readonly StreamingDecoder _decoder = tokenizer.CreateDecoder(isContinuation);
    private List<int> _offsets = [];
    private List<double?> _values = [];
    private List<string> _tokens = [];
    private List<IReadOnlyDictionary<string, double>?> _top = [];
    private int _offset;

    /// <summary>Adds the tokens of the prompt.</summary>
    public void AddPrompt(TextGeneration text)
    {
        for (int i = 0; i < text.PromptIds.Count; i++)
        {
            Add(
                text.PromptIds[i],
                i == 0 ? null : text.PromptLogProbabilities[i - 1],
                i == 0 ? null : text.PromptTopLogProbabilities.Count == 0 ? [] : text.PromptTopLogProbabilities[i - 1]);
        }
    }

    /// <summary>Adds a generated token.</summary>
    public void Add(GeneratedToken token)
    {
        if (token is { Id: { } id, LogProbability: { } value })
        {
            Add(id, value, token.TopLogProbabilities);
        }
    }

    /// <summary>What was added since this was called last; null for nothing.</summary>
    public CompletionLogprobs? Take()
    {
        if (_tokens.Count == 0)
        {
            return null;
        }

        var taken = new CompletionLogprobs(_offsets, _values, _tokens, _top);
        (_offsets, _values, _tokens, _top) = ([], [], [], []);
        return taken;
    }

    private void Add(int id, double? value, IReadOnlyList<TokenLogProbability>? top)
    {
        _offsets.Add(_offset);
        _values.Add(value is { } number ? Math.Max(number, Least) : null);
        _tokens.Add(TokenText.Of(tokenizer, id));
        _top.Add(top is null ? null : TopOf(id, value!.Value, top));
        _offset += id < tokenizer.VocabularySize ? _decoder.Append(id).Length : 0;
    }

    // Of tokens that are spelt alike the likeliest counts. The token itself is always there, as OpenAI has it.
    private Dictionary<string, double> TopOf(int id, double value, IReadOnlyList<TokenLogProbability> top)
    {
        var named = new Dictionary<string, double>();
        foreach (var candidate in top.Append(new TokenLogProbability(id, value)))
        {
            named.TryAdd(TokenText.Of(tokenizer, candidate.Id), Math.Max(candidate.Value, Least));
        }

        return named;
    }
}
