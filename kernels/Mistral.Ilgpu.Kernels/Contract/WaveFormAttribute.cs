namespace Mistral.Ilgpu.Kernels.Contract;

/// <summary>
/// Marks a form made of <see cref="Hardware.Waves"/>, such as one whose lanes exchange values: for GPUs of every
/// vendor. On CUDA it may need an architecture too, see <see cref="CudaFormAttribute"/>. Group size: 256, or as the form says.
/// </summary>
[AttributeUsage(AttributeTargets.Struct)]
public sealed class WaveFormAttribute : Attribute;
