namespace Mistral.Ilgpu.Diagnostics.Inspection;

/// <summary>The assembler is older than the version of the PTX.</summary>
internal sealed class OlderPtxasException(string message) : MissingToolException(message);
