using ILGPU.Runtime;
using Mistral.Ilgpu.Execution.Families;
using Mistral.Ilgpu.Execution.Passes;
using Mistral.Ilgpu.Model;
using Mistral.Ilgpu.Planning;

namespace Mistral.Ilgpu.Diagnostics.Profiling;

/// <summary>The first step that differs from the reference.</summary>
/// <param name="Pass">The tokens of the pass, for people.</param>
/// <param name="Row">The row of the step's output with the largest error.</param>
/// <param name="Tolerance">The most that <paramref name="Error"/> may be.</param>
/// <param name="Error">See <see cref="StepCheck"/>. NaN if the output has one, 1 if another token was chosen.</param>
internal sealed record StepDifference(string Step, string Pass, int Row, double Error, double Tolerance);
