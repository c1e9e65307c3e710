using ILGPU.Runtime;
using Mistral.Ilgpu.Execution.Families;
using Mistral.Ilgpu.Execution.Passes;
using Mistral.Ilgpu.Model;
using Mistral.Ilgpu.Planning;

namespace Mistral.Ilgpu.Diagnostics.Profiling;

/// <summary>The first step that differs from the reference.</summary>
/// <param name="Pass">What the pass took, in words.</param>
/// <param name="Row">The row of the step's output that is farthest off.</param>
/// <param name="Tolerance">What <paramref name="Error"/> may be at most.</param>
/// <param name="Error">See <see cref="StepCheck"/>; NaN where the output has one, 1 of a token chosen otherwise.</param>
internal sealed record StepDifference(string Step, string Pass, int Row, double Error, double Tolerance);
