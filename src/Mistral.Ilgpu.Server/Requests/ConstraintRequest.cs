using Mistral.Ilgpu.Server.Errors;

namespace Mistral.Ilgpu.Server.Requests;

/// <summary>What the text of an answer must be.</summary>
/// <param name="Text">The schema, expression or grammar.</param>
/// <param name="Parameter">The field that says so.</param>
internal sealed record ConstraintRequest(ConstraintKind Kind, string Text, string Parameter)
{
    /// <summary>The texts of a choice.</summary>
    public IReadOnlyList<string> Choices { get; init; } = [];

    /// <exception cref="ApiException">Answers cannot be held to it.</exception>
    public void Require() => throw ApiException.Unsupported(Parameter, "constrained answers are not supported yet");
}
