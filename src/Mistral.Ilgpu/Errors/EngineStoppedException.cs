namespace Mistral.Ilgpu;

/// <summary>An engine takes no more texts, because it was stopped or disposed of, or because its device failed. The failure is
/// then the inner exception.</summary>
public sealed class EngineStoppedException : MistralException
{
    internal EngineStoppedException(Exception? fault)
        : base(
            fault is null ? "the engine is stopped, expected a running one" : $"the engine has failed: {fault.Message}",
            fault)
    {
    }
}
