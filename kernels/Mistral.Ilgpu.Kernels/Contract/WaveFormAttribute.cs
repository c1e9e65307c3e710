namespace Mistral.Ilgpu.Kernels.Contract;

/// <summary>
/// Marks a form whose lanes exchange values by <see cref="Hardware.Waves.Wave"/>: for GPUs of every vendor. On CUDA it may need
/// an architecture too, see <see cref="CudaFormAttribute"/>. Group size: 256, or as the form says.
/// </summary>
[AttributeUsage(AttributeTargets.Struct)]
public sealed class WaveFormAttribute : Attribute;
