using Mistral.Ilgpu.Generation;
using Mistral.Ilgpu.Tokenization;

namespace Mistral.Ilgpu.Chat;

/// <summary>
/// An answer of the model. Enumerating it gives its pieces as they are certain, to one reader; leaving the enumeration stops it.
/// The properties may be read at any time and are final once <see cref="Completion"/> is.
/// </summary>
public sealed class ChatAnswer : IAsyncEnumerable<ChatPiece>
{
    private readonly TextTokenizer _tokenizer;
    private readonly Func<ChatOutputParser> _newParser;

    internal ChatAnswer(TextGeneration generation, ChatRequest request, TextTokenizer tokenizer)
    {
        (Generation, _tokenizer) = (generation, tokenizer);
        _newParser = () => new ChatOutputParser(
            tokenizer, generation.Request.Options.Stop, continuesText: !request.StartsAnswer, request.ContinuesReasoning);
    }

    /// <summary>The tokens of the answer: ids, why it ended, timings.</summary>
    public TextGeneration Generation { get; }

    /// <summary>Ends with the answer, see <see cref="TextGeneration.Completion"/>.</summary>
    public Task Completion => Generation.Completion;

    /// <summary>The text so far, without reasoning and calls.</summary>
    public string Text => string.Concat(Pieces().Select(piece => piece.Text));

    /// <summary>The reasoning so far.</summary>
    public string Reasoning => string.Concat(Pieces().Select(piece => piece.Reasoning));

    /// <summary>How many of <see cref="TextGeneration.Ids"/> are reasoning so far, control tokens around it left out.</summary>
    public int ReasoningTokenCount
    {
        get
        {
            var parser = _newParser();
            foreach (int id in Generation.Ids)
            {
                _ = Append(parser, id);
            }

            return parser.ReasoningTokens;
        }
    }

    /// <summary>The calls of functions so far.</summary>
    public IReadOnlyList<ToolCall> ToolCalls => [.. Pieces().Select(piece => piece.Call).OfType<ToolCall>()];

    /// <summary>The answer so far as a message of the conversation.</summary>
    public Message Message
    {
        get
        {
            var pieces = Pieces();
            string text = string.Concat(pieces.Select(piece => piece.Text));
            string reasoning = string.Concat(pieces.Select(piece => piece.Reasoning));
            return new Message(MessageRole.Assistant, text)
            {
                Parts = reasoning.Length == 0 ? []
                    : text.Length == 0 ? [new ContentPart(reasoning, IsThinking: true)]
                    : [new ContentPart(reasoning, IsThinking: true), new ContentPart(text)],
                ToolCalls = [.. pieces.Select(piece => piece.Call).OfType<ToolCall>()],
            };
        }
    }

    /// <summary>The pieces as they are certain.</summary>
    /// <param name="cancellationToken">Ends the enumeration and the answer.</param>
    /// <exception cref="OperationCanceledException">Cancelled, see <see cref="TextGeneration.GetAsyncEnumerator"/>.</exception>
    public async IAsyncEnumerator<ChatPiece> GetAsyncEnumerator(CancellationToken cancellationToken = default)
    {
        var parser = _newParser();
        await foreach (var token in Generation.WithCancellation(cancellationToken).ConfigureAwait(false))
        {
            foreach (var piece in Append(parser, token.Id))
            {
                yield return piece;
            }
        }

        foreach (var piece in parser.End())
        {
            yield return piece;
        }
    }

    // What is held back belongs to the answer once it has ended, and may still change before.
    private List<ChatPiece> Pieces()
    {
        bool hasEnded = Completion.IsCompleted;
        var parser = _newParser();
        List<ChatPiece> pieces = [.. Generation.Ids.SelectMany(id => Append(parser, id))];
        return hasEnded ? [.. pieces, .. parser.End()] : pieces;
    }

    // A model's vocabulary may be padded past its tokenizer's; what lies there stands for nothing.
    private IEnumerable<ChatPiece> Append(ChatOutputParser parser, int? id) =>
        id < _tokenizer.VocabularySize ? parser.Append(id.Value) : [];
}
