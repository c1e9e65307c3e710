namespace Mistral.Ilgpu.Execution.Devices;

public enum DeviceKind
{
    Cpu,
    OpenCl,
    Cuda,
}
