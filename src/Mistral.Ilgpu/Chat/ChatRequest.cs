using Mistral.Ilgpu.Generation;
using Mistral.Ilgpu.Tokenization;

namespace Mistral.Ilgpu.Chat;

/// <summary>A conversation with what the model is told besides.</summary>
internal sealed record ChatRequest(IReadOnlyList<Message> Messages, ChatSettings Settings)
{
    /// <summary>Whether the model begins a message of its own.</summary>
    public bool StartsAnswer => !Settings.ContinuesLast && !Messages[^1].IsPrefix;

    /// <summary>Whether the model goes on with reasoning that is still open.</summary>
    public bool ContinuesReasoning => !StartsAnswer && Messages[^1].Parts is [.., { IsThinking: true, IsClosed: false }];

    /// <summary>Whether one of the messages says what the model is to be.</summary>
    public bool HasSystem => Messages.Any(message => message.Role == MessageRole.System);

    /// <summary>The conversation with a system prompt at its start.</summary>
    public ChatRequest WithSystem(string system) =>
        this with { Messages = [new Message(MessageRole.System, system), .. Messages] };

    /// <summary>How the answer is generated, with the form that its calls of functions must have.</summary>
    /// <exception cref="ChatFormatException">The format has no calls, or the schema of a strict tool cannot be
    /// followed.</exception>
    public GenerationOptions OptionsFor(TextTokenizer tokenizer, GenerationOptions options) =>
        options with { Constraint = CallConstraint.Of(tokenizer, Settings, options.Constraint) };

    /// <exception cref="ChatFormatException">The model's format does not have such a conversation.</exception>
    public int[] Encode(TextTokenizer tokenizer) => [.. ChatTemplate.For(tokenizer).Encode(Messages, Settings)];
}
