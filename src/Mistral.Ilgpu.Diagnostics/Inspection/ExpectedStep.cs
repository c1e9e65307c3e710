using Mistral.Ilgpu.Execution.Devices;
using Mistral.Ilgpu.Execution.Families;
using Mistral.Ilgpu.Model;
using Mistral.Ilgpu.Planning;

namespace Mistral.Ilgpu.Diagnostics.Inspection;

/// <summary>A kind of step and its cost in one pass.</summary>
/// <param name="Name">The step's name without its layer.</param>
/// <param name="Count">How often it occurs in a pass.</param>
/// <param name="Cost">The cost of one occurrence.</param>
/// <param name="Kernels">What CUDA's family launches; none if another step does its work.</param>
/// <param name="IsPromptProduct">Whether it multiplies tokens of a prompt with weights.</param>
internal sealed record ExpectedStep(
    string Name, int Count, StepCost Cost, IReadOnlyList<ExpectedKernel> Kernels, bool IsPromptProduct = false);
