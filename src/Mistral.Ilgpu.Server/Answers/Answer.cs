using System.Runtime.CompilerServices;
using System.Text;
using Mistral.Ilgpu.Chat;
using Mistral.Ilgpu.Generation;

namespace Mistral.Ilgpu.Server.Answers;

/// <summary>One answer to a conversation while the model writes it. One reader reads its steps; the rest is final after
/// them.</summary>
internal sealed class Answer
{
    private readonly ServedModel _model;
    private readonly ChatOutputParser _parser;
    private readonly StringBuilder _text = new();
    private readonly StringBuilder _reasoning = new();
    private readonly List<ToolCall> _calls = [];
    private readonly List<TokenLogprob> _logprobs = [];

    /// <param name="salt">See <see cref="ChatOutputParser"/>.</param>
    public Answer(TextGeneration generation, AnswerRequest request, ServedModel model, string salt)
    {
        (Generation, _model) = (generation, model);
        _parser = new ChatOutputParser(
            model.Language.Tokenizer, request.Options.Stop, continuesText: !request.Chat.StartsAnswer,
            request.Chat.ContinuesReasoning, salt);
    }

    public TextGeneration Generation { get; }

    public string Text => _text.ToString();

    public string Reasoning => _reasoning.ToString();

    public IReadOnlyList<ToolCall> Calls => _calls;

    /// <summary>The log-probabilities of all tokens; none where they are not asked for.</summary>
    public IReadOnlyList<TokenLogprob> Logprobs => _logprobs;

    public int ReasoningTokens => _parser.ReasoningTokens;

    /// <summary>Why it ended, as OpenAI names it.</summary>
    public string FinishReason =>
        _calls.Count > 0 && Generation.FinishReason == Ilgpu.Generation.FinishReason.Stop ? "tool_calls"
        : FinishReasons.Of(Generation);

    /// <summary>The steps as they are certain: a token, and the pieces that it completes.</summary>
    public async IAsyncEnumerable<AnswerStep> StepsAsync([EnumeratorCancellation] CancellationToken cancellation)
    {
        await foreach (var token in Generation.WithCancellation(cancellation).ConfigureAwait(false))
        {
            if (token.Id is not { } id)
            {
                continue;
            }

            var tokenizer = _model.Language.Tokenizer;
            var logprob = TokenLogprob.Of(token, tokenizer);
            if (logprob is not null)
            {
                _logprobs.Add(logprob);
            }

            yield return Take(logprob, id < tokenizer.VocabularySize ? _parser.Append(id) : []);
        }

        yield return Take(null, _parser.End()) with { IsLast = true };
    }

    /// <summary>Reads all steps.</summary>
    public async Task ReadAsync(CancellationToken cancellation)
    {
        await foreach (var _ in StepsAsync(cancellation).ConfigureAwait(false))
        {
        }
    }

    private AnswerStep Take(TokenLogprob? logprob, IEnumerable<ChatPiece> pieces)
    {
        List<ChatPiece> taken = [];
        foreach (var piece in pieces)
        {
            _text.Append(piece.Text);
            _reasoning.Append(piece.Reasoning);
            taken.Add(piece);
            if (piece.Call is { } call)
            {
                _calls.Add(call);
            }
        }

        return new AnswerStep(logprob, taken);
    }
}
