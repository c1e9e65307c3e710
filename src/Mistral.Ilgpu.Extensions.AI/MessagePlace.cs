using Microsoft.Extensions.AI;

namespace Mistral.Ilgpu.Extensions.AI;

/// <summary>Which message of a conversation a refusal is about.</summary>
internal readonly record struct MessagePlace(int Index, ChatRole Role)
{
    /// <summary>A refusal that names the message and its content.</summary>
    public NotSupportedException Refuse(AIContent content, string expected)
    {
        string type = content.GetType().Name;
        string found = content switch
        {
            DataContent data => $"{type} of type {data.MediaType}",
            UriContent uri => $"{type} of type {uri.MediaType}",
            TextReasoningContent { ProtectedData: not null } => $"{type} with protected data",
            _ => type,
        };
        return new NotSupportedException($"message {Index} of role {Role}: found {found}, expected {expected}");
    }
}
