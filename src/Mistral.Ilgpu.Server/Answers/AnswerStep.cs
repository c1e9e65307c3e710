using Mistral.Ilgpu.Chat;

namespace Mistral.Ilgpu.Server.Answers;

/// <summary>A step of an answer.</summary>
/// <param name="Logprob">The token's log-probability; null at the end, and where it is not asked for.</param>
/// <param name="Pieces">What is certain now.</param>
internal readonly record struct AnswerStep(TokenLogprob? Logprob, IReadOnlyList<ChatPiece> Pieces)
{
    /// <summary>Whether the answer ends with it.</summary>
    public bool IsLast { get; init; }
}
