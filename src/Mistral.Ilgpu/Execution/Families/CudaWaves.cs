using Mistral.Ilgpu.Execution.Devices;

namespace Mistral.Ilgpu.Execution.Families;

/// <summary>
/// NVIDIA's GPUs from sm_60 to sm_75. Their tensor cores, if any, multiply neither bfloat16 nor tiles of the shape that
/// <see cref="Cuda"/> uses.
/// </summary>
internal sealed class CudaWaves(DeviceInfo device) : Waves(device);
