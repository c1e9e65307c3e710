using Mistral.Ilgpu.Chat;
using Mistral.Ilgpu.Generation;

namespace Mistral.Ilgpu.Server.Answers;

/// <summary>A conversation that is to be answered, in the library's own terms.</summary>
/// <param name="Chat">The conversation.</param>
/// <param name="Options">How an answer is generated.</param>
internal sealed record AnswerRequest(ChatRequest Chat, GenerationOptions Options)
{
    /// <summary>Most tokens of an answer; null for what the server allows.</summary>
    public int? MaxTokens { get; init; }

    /// <summary>The names of the adapters that are applied.</summary>
    public IReadOnlyList<string> Adapters { get; init; } = [];

    /// <summary>Answers wanted.</summary>
    public int Count { get; init; } = 1;

    /// <summary>Texts of higher priority begin first.</summary>
    public int Priority { get; init; }

    /// <summary>When the answer ends with what there is; null for never.</summary>
    public TimeSpan? Deadline { get; init; }
}
