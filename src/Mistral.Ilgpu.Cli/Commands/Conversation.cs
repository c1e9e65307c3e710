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
    private readonly ChatTemplate _template = ChatTemplate.For(tokenizer);
    private readonly Generator _generator = new(text, tokenizer);
    private readonly List<ChatMessage> _messages = [];
    private List<int> _read = [];

    public IReadOnlyList<ChatMessage> Messages => _messages;

    /// <summary>Begins anew.</summary>
    /// <param name="system">What the model is told to be; null keeps what it was told.</param>
    public void Reset(string? system = null)
    {
        system ??= _messages is [{ Role: ChatRole.System }, ..] ? _messages[0].Content : "";
        _messages.Clear();
        _read = [];
        if (system.Length > 0)
        {
            _messages.Add(new ChatMessage(ChatRole.System, system));
        }
    }

    /// <summary>The answer to the next turn; <see cref="Keep"/> or <see cref="TakeBack"/> must follow.</summary>
    public Generation.Generation Ask(string turn)
    {
        _messages.Add(new ChatMessage(ChatRole.User, turn));
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
            _messages.Add(new ChatMessage(ChatRole.Assistant, answer.Text));
        }
        else
        {
            TakeBack();
        }
    }

    /// <summary>Forgets the turn that got no answer.</summary>
    public void TakeBack() => _messages.RemoveAt(_messages.Count - 1);
}
