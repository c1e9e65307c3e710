using ILGPU;
using Mistral.Ilgpu.Execution.Devices;
using Mistral.Ilgpu.Execution.Passes;

namespace Mistral.Ilgpu.Execution.Families;

/// <summary>Binds kernels to a device.</summary>
/// <param name="owner">Owns the launches; null for the device.</param>
internal sealed class DeviceBinder(ComputeDevice device, BoundLaunches? owner) : IKernelBinder
{
    public Action<KernelConfig> Bind<TKernel>(TKernel kernel)
        where TKernel : struct, IKernel => device.BindSoon(kernel, owner);

    public Lazy<Launch> Later(Func<Launch> make) => new(make);
}
