using Mistral.Ilgpu.Planning;

namespace Mistral.Ilgpu.Execution.Passes;

/// <summary>Launches steps of a layer as one kernel, or one step.</summary>
/// <param name="Layer">See <see cref="Step.Layer"/>.</param>
/// <param name="Run">Takes the pass and the number of workers.</param>
internal readonly record struct ChainLaunch(string Layer, Action<Pass, int> Run);
