namespace Mistral.Ilgpu.Diagnostics.Inspection;

/// <summary>A tool is absent, or too old. The message says what was found and what was expected.</summary>
internal class MissingToolException(string message) : Exception(message);
