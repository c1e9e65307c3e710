using ILGPU.Runtime;
using Mistral.Ilgpu.Execution.Families;
using Mistral.Ilgpu.Execution.Passes;
using Mistral.Ilgpu.Model;
using Mistral.Ilgpu.Planning;

namespace Mistral.Ilgpu.Diagnostics.Profiling;

/// <summary>The result of a <see cref="StepCheck"/>.</summary>
/// <param name="WorstErrors">The largest error of each kind of step, in the order of the graph.</param>
/// <param name="Passes">Passes that were checked.</param>
/// <param name="First">The first step that differs; null if none does.</param>
internal sealed record StepCheckResult(IReadOnlyDictionary<string, double> WorstErrors, int Passes, StepDifference? First);
