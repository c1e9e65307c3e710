using Mistral.Ilgpu.Chat;
using Mistral.Ilgpu.Generation;
using Mistral.Ilgpu.Tokenization;

namespace Mistral.Ilgpu;

/// <summary>
/// A conversation that keeps its place in the cache: of a new turn only the new tokens are computed, past the window too. Where
/// other texts need the place, the engine takes it, and the next turn is computed whole. For one caller at a time; several
/// conversations may run at once.
/// </summary>
public sealed class ChatSession : IDisposable
{
    // A quarter of the context, where the answer may be as long.
    private const int RoomForAnswer = 4;

    private readonly LanguageModel _model;
    private readonly ChatTemplate _template;
    private readonly ChatSettings _settings;
    private readonly KeptSequence _kept = new();
    private readonly List<Message> _messages = [];
    private ChatAnswer? _answer;

    internal ChatSession(LanguageModel model, string? system, ChatSettings settings)
    {
        (_model, _settings, _template) = (model, settings, ChatTemplate.For(model.Tokenizer));
        Reset(system ?? "");
    }

    /// <summary>The conversation so far, answers included.</summary>
    /// <exception cref="InvalidOperationException">An answer is under way.</exception>
    public IReadOnlyList<Message> Messages
    {
        get
        {
            Settle();
            return [.. _messages];
        }
    }

    /// <summary>Turns of the user so far.</summary>
    /// <exception cref="InvalidOperationException">An answer is under way.</exception>
    public int TurnCount => Messages.Count(message => message.Role == MessageRole.User);

    /// <summary>The names of the adapters of the next turns; null for those that the model was loaded with. Keys and values of
    /// other adapters are not reused.</summary>
    public IReadOnlyList<string>? Adapters { get; set; }

    /// <summary>Answers the user's next turn. Turn and answer become part of the conversation, unless the answer is
    /// empty.</summary>
    /// <param name="options">The defaults take the likeliest tokens, 256 at most.</param>
    /// <param name="cancellation">Ends the answer.</param>
    /// <exception cref="InvalidOperationException">The last answer is under way.</exception>
    /// <exception cref="ContextFullException">The conversation is longer than the context, see
    /// <see cref="TurnsTooMany"/>.</exception>
    /// <exception cref="ChatFormatException">The model's format has no such conversation.</exception>
    /// <exception cref="QueueFullException">As many texts wait as may.</exception>
    /// <exception cref="EngineStoppedException">The model is disposed of, or its device has failed.</exception>
    public ChatAnswer AskAsync(string turn, GenerationOptions? options = null, CancellationToken cancellation = default) =>
        AnswerAsync(new Message(MessageRole.User, turn), options, cancellation);

    /// <summary>Answers the next message: the user's, or the result of a tool that the model called.</summary>
    /// <inheritdoc cref="AskAsync(string, GenerationOptions?, CancellationToken)"/>
    public ChatAnswer AnswerAsync(Message message, GenerationOptions? options = null, CancellationToken cancellation = default) =>
        Ask(message, options ?? new GenerationOptions(), onRead: null, cancellation);

    /// <summary>Begins anew.</summary>
    /// <param name="system">What the model is told to be; null keeps what it was told.</param>
    /// <exception cref="InvalidOperationException">An answer is under way.</exception>
    public void Reset(string? system = null)
    {
        Settle();
        system ??= _messages is [{ Role: MessageRole.System }, ..] ? _messages[0].Content : "";
        _messages.Clear();
        if (system.Length > 0)
        {
            _messages.Add(new Message(MessageRole.System, system));
        }
    }

    /// <summary>How many of the oldest turns must go so that the next one fits the context, and has room there for an
    /// answer.</summary>
    /// <returns>0 if it fits as it is, or however many go.</returns>
    /// <exception cref="InvalidOperationException">An answer is under way.</exception>
    public int TurnsTooMany(string next, GenerationOptions? options = null)
    {
        int context = _model.Info.Context ?? int.MaxValue;
        int room = Math.Min((options ?? new GenerationOptions()).MaxTokens, context / RoomForAnswer);
        // The more turns go, the shorter it is.
        var (least, most) = (1, TurnCount);
        while (least < most)
        {
            int middle = (least + most) / 2;
            (least, most) = Length(middle) + room <= context ? (least, middle) : (middle + 1, most);
        }

        return TurnCount > 0 && Length(most) <= context ? most : 0;

        int Length(int turns) => Encode([.. Without(turns), new Message(MessageRole.User, next)]).Length;
    }

    /// <summary>Forgets the oldest turns with their answers. The system prompt stays.</summary>
    /// <exception cref="InvalidOperationException">An answer is under way.</exception>
    public void Drop(int turns)
    {
        Settle();
        var kept = Without(turns);
        _messages.Clear();
        _messages.AddRange(kept);
    }

    /// <summary>Gives the place in the cache back.</summary>
    public void Dispose()
    {
        _answer?.Generation.Cancel();
        _kept.Release();
        _model.Engine.Wake();
    }

    /// <summary>Tokens of the conversation with one more turn.</summary>
    internal int LengthWith(string turn) => Encode([.. Messages, new Message(MessageRole.User, turn)]).Length;

    /// <param name="onRead">See <see cref="TextRequest.OnRead"/>.</param>
    internal ChatAnswer Ask(Message message, GenerationOptions options, Action<int, int>? onRead, CancellationToken cancellation)
    {
        Settle();
        var request = new ChatRequest([.. _messages, message], _settings);
        var text = _model.Engine.Submit(
            new TextRequest(Encode(request.Messages))
            {
                Options = request.OptionsFor(_model.Tokenizer, options), StartsText = request.StartsAnswer, Adapters = Adapters,
                Kept = _kept, OnRead = onRead,
            },
            cancellation);
        _messages.Add(message);
        return _answer = new ChatAnswer(text, request, _model.Tokenizer);
    }

    private int[] Encode(IReadOnlyList<Message> messages) => [.. _template.Encode(messages, _settings)];

    // A turn that got no answer is forgotten.
    private void Settle()
    {
        if (_answer is not { } answer)
        {
            return;
        }

        if (!answer.Completion.IsCompleted)
        {
            throw new InvalidOperationException("the last answer is under way, expected one that has ended");
        }

        _answer = null;
        var message = answer.Message;
        if (answer.Completion.IsCompletedSuccessfully && (message.HasContent || message.ToolCalls.Count > 0))
        {
            _messages.Add(message);
        }
        else
        {
            _messages.RemoveAt(_messages.Count - 1);
        }
    }

    private List<Message> Without(int turns)
    {
        int seen = 0;
        return [.. _messages.Where(message =>
            (seen += message.Role == MessageRole.User ? 1 : 0) > turns || message.Role == MessageRole.System)];
    }
}
