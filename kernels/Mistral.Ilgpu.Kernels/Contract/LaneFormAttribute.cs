namespace Mistral.Ilgpu.Kernels.Contract;

/// <summary>Marks a form that is made of <see cref="Hardware.Lanes.Lanes"/>: for vector processors, so neither compiled for CUDA
/// nor of use on a GPU.</summary>
[AttributeUsage(AttributeTargets.Struct)]
public sealed class LaneFormAttribute : Attribute;
