namespace Mistral.Ilgpu.Kernels.Contract;

/// <summary>
/// Marks a form, or a type argument of forms, that is made of AMD's instructions in OpenCL C, see
/// <see cref="Hardware.Amd.MatrixPrelude"/>. No CUDA device runs it. Other OpenCL devices do where the instructions are emulated,
/// and so does the CPU accelerator, by the methods' own bodies. Group size: 256 or as the form says, or any where it is
/// no group form.
/// </summary>
[AttributeUsage(AttributeTargets.Struct)]
public sealed class AmdFormAttribute : Attribute;
