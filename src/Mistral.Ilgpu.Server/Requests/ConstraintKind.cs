namespace Mistral.Ilgpu.Server.Requests;

/// <summary>What a constraint is written in.</summary>
internal enum ConstraintKind
{
    /// <summary>A JSON schema.</summary>
    JsonSchema,

    /// <summary>Any JSON object.</summary>
    JsonObject,

    /// <summary>A regular expression.</summary>
    Regex,

    /// <summary>A grammar in llama.cpp's GBNF.</summary>
    Grammar,

    /// <summary>One of several texts.</summary>
    Choice,
}
