namespace Mistral.Ilgpu.Kernels.Contract;

/// <summary>
/// Marks a form whose work items work together by group, through shared memory and barriers: for GPUs. Other forms need neither
/// and run anywhere. In OpenCL a barrier orders shared memory alone: what an item writes to global memory no other item of its
/// group may read.
/// </summary>
[AttributeUsage(AttributeTargets.Struct)]
public sealed class GroupFormAttribute : Attribute;
