namespace Mistral.Ilgpu;

/// <summary>What an <see cref="Engine"/> does at one moment.</summary>
/// <param name="State">Whether it takes texts.</param>
/// <param name="Running">Texts that hold a place in the cache.</param>
/// <param name="Waiting">Texts submitted and not yet begun.</param>
/// <param name="PassTime">How long the present pass has run; zero between passes. A pass that never ends is a device that
/// hangs.</param>
/// <param name="Fault">Why the engine failed; null unless <see cref="EngineState.Faulted"/>.</param>
public sealed record EngineStatus(EngineState State, int Running, int Waiting, TimeSpan PassTime, Exception? Fault);
