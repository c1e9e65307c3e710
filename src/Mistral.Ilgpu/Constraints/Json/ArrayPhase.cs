namespace Mistral.Ilgpu.Constraints.Json;

/// <summary>Where in an array.</summary>
internal enum ArrayPhase
{
    /// <summary>Behind the opening bracket.</summary>
    Open,

    /// <summary>Within an item.</summary>
    Item,

    /// <summary>Behind an item.</summary>
    Next,

    /// <summary>Behind a comma.</summary>
    Comma,
}
