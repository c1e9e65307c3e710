namespace Mistral.Ilgpu.Constraints;

/// <summary>How a constraint is written.</summary>
internal enum ConstraintKind
{
    JsonSchema,
    Regex,
    Grammar,
    Choice,
    Calls,
}
