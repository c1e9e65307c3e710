namespace Mistral.Ilgpu.Constraints.Json;

/// <summary>What one schema says of an array's items.</summary>
/// <param name="First">What the first items must be; null for anything.</param>
/// <param name="Rest">What all others must be; null for nothing.</param>
internal sealed record ArrayLayer(IReadOnlyList<SchemaLiteral?> First, SchemaLiteral? Rest);
