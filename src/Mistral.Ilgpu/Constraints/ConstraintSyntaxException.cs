namespace Mistral.Ilgpu.Constraints;

/// <summary>A schema, pattern or grammar that is wrong, or has something unsupported.</summary>
/// <param name="message">Where, what was found and what was expected. It becomes one line.</param>
internal sealed class ConstraintSyntaxException(string message) : ArgumentException(message.ReplaceLineEndings(" "));
