using ILGPU;
using ILGPU.Runtime;
using Mistral.Ilgpu.Execution;
using Mistral.Ilgpu.Inspection;
using Mistral.Ilgpu.Kernels;
using Device = Mistral.Ilgpu.Execution.Device;

namespace Mistral.Ilgpu.PtxMachine;

/// <summary>
/// A CUDA device whose kernels are the PTX that ILGPU generates, run by <see cref="PtxInterpreter"/> on buffers of the CPU accelerator. Every
/// second launch of a kernel runs its groups and threads from the last to the first.
/// </summary>
public sealed class PtxLoader : IKernelLoader
{
    /// <summary>The architecture that kernels are compiled for.</summary>
    public const int Architecture = 80;

    public const string DeviceName = "PTX machine";

    /// <summary>What is known of such a device.</summary>
    public static DeviceInfo Info { get; } =
        new(DeviceKind.Cuda, 0, DeviceName, IsGpu: true, GC.GetGCMemoryInfo().TotalAvailableMemoryBytes, ComputeUnits: 1, MaxGroupSize: 1024, Lacks: []) { CudaArchitecture = Architecture };

    /// <summary>Opens such a device.</summary>
    public static Device Open() => Device.Simulate(Info, new PtxLoader());

    Action<AcceleratorStream, KernelConfig, TKernel> IKernelLoader.Load<TKernel>()
    {
        var kernel = PtxKernel.Parse(KernelCode.Ptx(new KernelForm(typeof(TKernel)), Architecture));
        var interpreter = new PtxInterpreter(kernel);
        bool isReversed = true;
        return (stream, config, value) =>
        {
            stream.Synchronize();
            isReversed = !isReversed;
            var memory = new GlobalMemory();
            byte[] arguments = KernelArguments.Marshal(value, memory);
            interpreter.Launch(
                new LaunchShape(Of(config.GridDim), Of(config.GroupDim), config.SharedMemoryConfig.NumElements * config.SharedMemoryConfig.ElementSize, isReversed),
                arguments,
                memory);
        };
    }

    private static Extent Of(Index3D size) => new(size.X, size.Y, size.Z);
}
