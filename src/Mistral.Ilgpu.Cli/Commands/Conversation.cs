using Mistral.Ilgpu.Chat;
using Mistral.Ilgpu.Generation;
using Mistral.Ilgpu.Model;
using Mistral.Ilgpu.Tokenization;

namespace Mistral.Ilgpu.Cli.Commands;

/// <summary>
/// A conversation whose earlier turns stay in the model's cache: of a new turn only what is new is read, as long as the
/// conversation's ids go on from what the model has read.
/// </summary>
internal sealed class Conversation(ModelText text, TextTokenizer tokenizer, GenerationOptions options)
{
    // A quarter of the context, where the answer may be as long.
    private const int RoomForAnswer = 4;

    private readonly ChatTemplate _template = ChatTemplate.For(tokenizer);
    private readonly Generator _generator = new(text, tokenizer);
    private readonly List<Message> _messages = [];
    private List<int> _read = [];

    public IReadOnlyList<Message> Messages => _messages;

    /// <summary>Turns of the user so far.</summary>
    public int TurnCount => _messages.Count(message => message.Role == MessageRole.User);

    /// <summary>Begins anew.</summary>
    /// <param name="system">What the model is told to be; null keeps what it was told.</param>
    public void Reset(string? system = null)
    {
        system ??= _messages is [{ Role: MessageRole.System }, ..] ? _messages[0].Content : "";
        _messages.Clear();
        _read = [];
        if (system.Length > 0)
        {
            _messages.Add(new Message(MessageRole.System, system));
        }
    }

    /// <summary>The answer to the next turn; <see cref="Keep"/> or <see cref="TakeBack"/> must follow.</summary>
    public Generation.Generation Ask(string turn)
    {
        _messages.Add(new Message(MessageRole.User, turn));
        var ids = _template.Encode(_messages);
        // An answer that was cut, or whose text has other ids than the model chose, is not what the model has read.
        if (_read.Count != text.Position || _read.Count >= ids.Count || !_read.SequenceEqual(ids.Take(_read.Count)))
        {
            text.Reset();
        }

        return _generator.Start(ids, options, startsText: true);
    }

    /// <summary>Makes the answer part of the conversation.</summary>
    public void Keep(Generation.Generation answer)
    {
        _read = [.. answer.PromptIds.Concat(answer.Ids).Take(text.Position)];
        if (answer.Text.Length > 0)
        {
            _messages.Add(new Message(MessageRole.Assistant, answer.Text));
        }
        else
        {
            TakeBack();
        }
    }

    /// <summary>Forgets the turn that got no answer.</summary>
    public void TakeBack() => _messages.RemoveAt(_messages.Count - 1);

    /// <summary>How many of the oldest turns must go so that the next one fits the context, and has room there for an
    /// answer.</summary>
    /// <returns>0 if it fits as it is or however many go.</returns>
    public int TurnsTooMany(string next, int context)
    {
        int room = Math.Min(options.MaxTokens, context / RoomForAnswer);
        // The more turns go, the shorter it is.
        var (least, most) = (1, TurnCount);
        while (least < most)
        {
            int middle = (least + most) / 2;
            (least, most) = Length(middle) + room <= context ? (least, middle) : (middle + 1, most);
        }

        return TurnCount > 0 && Length(most) <= context ? most : 0;

        int Length(int turns) => _template.Encode([.. Without(turns), new Message(MessageRole.User, next)]).Count;
    }

    /// <summary>Forgets the oldest turns with their answers.</summary>
    public void Drop(int turns)
    {
        var kept = Without(turns);
        _messages.Clear();
        _messages.AddRange(kept);
    }

    // What the model was told to be stays.
    private List<Message> Without(int turns)
    {
        int seen = 0;
        return [.. _messages.Where(
            message => (seen += message.Role == MessageRole.User ? 1 : 0) > turns || message.Role == MessageRole.System)];
    }
}
