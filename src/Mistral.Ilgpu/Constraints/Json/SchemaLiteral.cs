namespace Mistral.Ilgpu.Constraints.Json;

/// <summary>A schema, or its opposite.</summary>
/// <param name="IsPositive">Whether the value must match the schema; otherwise it must not.</param>
internal readonly record struct SchemaLiteral(SchemaNode Schema, bool IsPositive)
{
    public SchemaLiteral Opposite => this with { IsPositive = !IsPositive };
}
