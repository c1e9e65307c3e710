using Mistral.Ilgpu.Chat;
using Mistral.Ilgpu.Generation;

namespace Mistral.Ilgpu.Extensions.AI;

/// <summary>A request in the library's own terms.</summary>
/// <param name="Messages">The conversation, instructions first.</param>
/// <param name="Settings">What the model is told besides.</param>
/// <param name="Generation">How the answer is generated.</param>
/// <param name="HidesReasoning">Whether the caller wants no reasoning in the response.</param>
internal sealed record MappedRequest(
    IReadOnlyList<Message> Messages, ChatSettings Settings, GenerationOptions Generation, bool HidesReasoning);
