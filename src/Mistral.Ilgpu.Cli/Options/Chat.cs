using System.CommandLine;
using Mistral.Ilgpu.Tokenization;

namespace Mistral.Ilgpu.Cli.Options;

/// <param name="ContinuesLast">Whether the last message is left open for the model to go on with.</param>
internal sealed record Chat(IReadOnlyList<ChatMessage> Messages, bool ContinuesLast, IReadOnlyList<ToolDefinition> Tools)
{
    /// <summary>Whether the model begins a message of its own.</summary>
    public bool StartsAnswer => !ContinuesLast && !Messages[^1].IsPrefix;

    /// <summary>The conversation with a system prompt at its start.</summary>
    /// <exception cref="UsageException">It has one.</exception>
    public Chat WithSystem(string? system) => system is null ? this
        : Messages.Any(message => message.Role == ChatRole.System)
            ? throw new UsageException("--system: the conversation has a system message, expected one of both")
        : this with { Messages = [new ChatMessage(ChatRole.System, system), .. Messages] };

    /// <exception cref="ChatFormatException">The model's format does not have such a conversation.</exception>
    public int[] Encode(TextTokenizer tokenizer) => [.. ChatTemplate.For(tokenizer).Encode(Messages, ContinuesLast, Tools)];
}
