namespace Mistral.Ilgpu.Constraints.Json;

/// <summary>What a value must be: all of some schemas, and none of others. Equal goals of one <see cref="SchemaCompiler"/> are
/// one object.</summary>
/// <param name="schemas">The schemas, each with whether the value must match it.</param>
internal sealed class Goal(SchemaLiteral[] schemas)
{
    public SchemaLiteral[] Schemas => schemas;

    /// <summary>The forms that the value may have, once they are known.</summary>
    public ValueForms? Forms { get; set; }

    /// <summary>Whether the forms are being found, so that the schema leads back to itself.</summary>
    public bool IsOpen { get; set; }
}
