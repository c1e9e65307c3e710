namespace Mistral.Ilgpu.Constraints.Json;

/// <summary>Where in an object.</summary>
internal enum ObjectPhase
{
    /// <summary>Behind the opening brace.</summary>
    Open,

    /// <summary>Within a name.</summary>
    Name,

    /// <summary>Behind a name.</summary>
    Colon,

    /// <summary>Within a value.</summary>
    Value,

    /// <summary>Behind a value.</summary>
    Next,

    /// <summary>Behind a comma.</summary>
    Comma,
}
