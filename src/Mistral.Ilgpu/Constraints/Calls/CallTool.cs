namespace Mistral.Ilgpu.Constraints.Calls;

/// <summary>A function that may be called.</summary>
/// <param name="Name">Its name.</param>
/// <param name="Schema">The JSON Schema of its arguments.</param>
internal sealed record CallTool(string Name, string Schema);
