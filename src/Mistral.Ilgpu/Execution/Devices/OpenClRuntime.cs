using ILGPU;
using ILGPU.Runtime;
using ILGPU.Runtime.OpenCL;
using Mistral.Ilgpu.Execution.Compilation;
using Mistral.Ilgpu.Execution.Drivers;
using Mistral.Ilgpu.Kernels;

namespace Mistral.Ilgpu.Execution.Devices;

/// <summary>The runtime of OpenCL devices.</summary>
internal sealed class OpenClRuntime(CLAccelerator accelerator, CompiledKernels kernels) : DeviceRuntime(accelerator, kernels)
{
    public override WaveFeatures Waves => kernels.Waves;

    public override bool CompilesAtFirstLaunch => true;

    public override MemoryBuffer InPlace(DeviceInfo device, nint address, long bytes) =>
        new OpenClHostMemory((CLAccelerator)Accelerator, device.Id, address, bytes);

    public override DeviceEvent NewEvent(DeviceInfo device) => new OpenClEvent(device.Id);

    public override StreamMarks NewMarks(ComputeDevice device) => new OpenClMarks(device);

    public override void Launch<TKernel>(ComputeDevice device, KernelConfig shape, in TKernel kernel)
    {
        try
        {
            base.Launch(device, shape, kernel);
        }
        catch (CLException exception)
        {
            throw OpenClFaults.OfLaunch(device.Info.Id, new KernelForm(typeof(TKernel)).Name, exception.Error);
        }
    }

    public override Action<KernelConfig> Bind<TKernel>(ComputeDevice device, TKernel kernel, BoundLaunches owner)
    {
        var launch = device.Load<TKernel>();
        var replay = new OpenClReplay(
            device, (CLStream)Stream, typeof(TKernel), launch.GetKernel, shape => Launch(device, shape, kernel));
        owner.Add(replay);
        return replay.Launch;
    }

    public override void Synchronize(DeviceInfo device)
    {
        try
        {
            base.Synchronize(device);
        }
        catch (CLException exception)
        {
            throw new DeviceException($"device {device.Id} failed: {OpenClFaults.MessageOf(exception)}");
        }
    }
}
