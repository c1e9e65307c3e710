using Mistral.Ilgpu.Execution.Devices;

namespace Mistral.Ilgpu.Execution.Families;

/// <summary>OpenCL GPUs with sub-groups of 32 lanes or more, such as Intel's.</summary>
internal sealed class OpenClGpu(DeviceInfo device) : Waves(device);
