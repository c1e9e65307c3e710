using Mistral.Ilgpu.Execution.Devices;
using Mistral.Ilgpu.Execution.Families;
using Mistral.Ilgpu.Model;
using Mistral.Ilgpu.Planning;

namespace Mistral.Ilgpu.Diagnostics.Inspection;

/// <summary>A step of a model and what it moves and computes in one pass.</summary>
/// <param name="Count">How often it comes in a pass.</param>
/// <param name="Launches">Kernels that it is in a pass that decodes; 0 where another does its work.</param>
/// <param name="IsPromptProduct">Whether it multiplies tokens of a prompt with weights.</param>
internal sealed record ExpectedStep(string Name, int Count, StepCost Cost, int Launches, bool IsPromptProduct = false);
