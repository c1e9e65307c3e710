using Mistral.Ilgpu.Chat;
using Mistral.Ilgpu.Generation;

namespace Mistral.Ilgpu.Server.Answers;

/// <summary>A step of an answer.</summary>
/// <param name="Token">The token; null at the end.</param>
/// <param name="Pieces">What is certain now.</param>
internal readonly record struct AnswerStep(GeneratedToken? Token, IReadOnlyList<ChatPiece> Pieces)
{
    /// <summary>Whether the answer ends with it.</summary>
    public bool IsLast { get; init; }
}
