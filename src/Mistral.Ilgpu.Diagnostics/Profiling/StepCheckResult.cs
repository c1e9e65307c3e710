using ILGPU.Runtime;
using Mistral.Ilgpu.Execution.Families;
using Mistral.Ilgpu.Execution.Passes;
using Mistral.Ilgpu.Model;
using Mistral.Ilgpu.Planning;

namespace Mistral.Ilgpu.Diagnostics.Profiling;

/// <param name="WorstErrors">Of each kind of step, in the order of the graph.</param>
/// <param name="Passes">Passes that were checked.</param>
/// <param name="First">Null where every step agrees.</param>
internal sealed record StepCheckResult(IReadOnlyDictionary<string, double> WorstErrors, int Passes, StepDifference? First);
