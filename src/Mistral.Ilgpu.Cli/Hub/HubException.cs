namespace Mistral.Ilgpu.Cli.Hub;

/// <summary>A hub cannot be reached, refuses, or sends what it should not; or its cache cannot be written. The message is one
/// line.</summary>
internal sealed class HubException(string message, Exception? cause = null) : Exception(message, cause);
