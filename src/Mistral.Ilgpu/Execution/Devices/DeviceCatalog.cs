using System.Collections.Immutable;
using System.Runtime.CompilerServices;
using ILGPU;
using ILGPU.Runtime;
using ILGPU.Runtime.CPU;
using ILGPU.Runtime.Cuda;
using ILGPU.Runtime.OpenCL;
using Mistral.Ilgpu.Execution.Compilation;
using Mistral.Ilgpu.Execution.Drivers;
using Mistral.Ilgpu.Kernels;

namespace Mistral.Ilgpu.Execution.Devices;

/// <summary>Lists the devices of this machine and chooses one of them.</summary>
internal static class DeviceCatalog
{
    // Mesa's driver, which compiles through SPIR-V.
    private const string Rusticl = "rusticl";

    /// <param name="threads">Threads of CPU devices; null takes every core.</param>
    public static IReadOnlyList<DeviceInfo> List(int? threads = null)
    {
        using var context = CreateContext(threads);
        return [.. Describe(context, threads).Select(found => found.Info)];
    }

    /// <summary>The device that <paramref name="request"/> names.</summary>
    /// <param name="request"><c>auto</c>, <c>cpu</c>, <c>opencl[:N]</c> or <c>cuda[:N]</c>.</param>
    /// <exception cref="DeviceException">The request names no device of this machine.</exception>
    public static DeviceInfo Choose(
        IReadOnlyList<DeviceInfo> devices, string request) => Find(devices, request) ?? throw new DeviceException(
        string.Join("; ", Silent(request).Prepend(
            $"device '{request}' is not on this machine; it has {string.Join(", ", devices.Select(device => device.Id))}")));

    /// <summary>A message for each installed driver that has no device, with the reason.</summary>
    public static IReadOnlyList<string> DriversWithoutDevices() => OpenClPlatforms.WithoutDevices();

    private static IReadOnlyList<string> Silent(string request) =>
        KindOf(request) == DeviceKind.OpenCl ? DriversWithoutDevices() : [];

    /// <summary>The device that <paramref name="request"/> names; null if it is absent.</summary>
    internal static DeviceInfo? Find(IReadOnlyList<DeviceInfo> devices, string request)
    {
        var (kind, index) = Parse(request);
        var preferred = devices.OrderBy(device => device.Preference.Rank).ThenBy(device => device.Index);
        return preferred.FirstOrDefault(
            device => (kind ?? device.Kind) == device.Kind && (index ?? device.Index) == device.Index);
    }

    /// <summary>The kind of device that <paramref name="request"/> names; null for any.</summary>
    internal static DeviceKind? KindOf(string request) => Parse(request).Kind;

    private static (DeviceKind? Kind, int? Index) Parse(string request)
    {
        if (request == "auto")
        {
            return (null, null);
        }

        string[] parts = request.Split(':');
        DeviceKind? kind = parts[0] switch
        {
            "cpu" => DeviceKind.Cpu,
            "opencl" => DeviceKind.OpenCl,
            "cuda" => DeviceKind.Cuda,
            _ => null,
        };
        int index = 0;
        bool indexed = parts.Length == 2 && kind != DeviceKind.Cpu && int.TryParse(parts[1], out index) && index >= 0;
        if (kind is null || (parts.Length > 1 && !indexed))
        {
            throw new DeviceException($"device '{request}': expected auto, cpu, opencl[:N] or cuda[:N]");
        }

        return (kind, indexed ? index : null);
    }

    /// <param name="kind">The only kind of device to look for; null for all. Looking for a kind takes time in its driver. A
    /// context for all compiles no kernels for CUDA.</param>
    internal static Context CreateContext(int? threads, bool timed = false, DeviceKind? kind = null)
    {
        NativeDrivers.Prepare(threads);
        int width = Math.Max(2, threads ?? Environment.ProcessorCount);
        return Context.Create(builder =>
        {
            // The CPU accelerator compiles no kernels, see CpuKernelLoader.
            if (kind != DeviceKind.Cpu)
            {
                // Kernels are structs of views. Only O2 infers the address spaces of the views, which OpenCL drivers without
                // generic pointers need.
                builder.Optimize(OptimizationLevel.O2).EnableAlgorithms()
                    .InlineStatements(FormatDescriptors.KernelTypes, isForCuda: kind == DeviceKind.Cuda);
            }

            if (timed)
            {
                builder.Profiling();
            }

            if (kind is null or DeviceKind.Cuda)
            {
                // ILGPU's method also installs a library resolver under WSL. A second context then fails, and so does the
                // resolver of this library.
                foreach (var device in CudaDevice.GetDevices(device => device.InstructionSet.HasValue))
                {
                    RegistryOf(builder).Register(device);
                }
            }

            if (kind is null or DeviceKind.OpenCl)
            {
                // Accepts every OpenCL device. ILGPU rejects those without generic pointers.
                builder.OpenCL(_ => true);
            }

            if (kind is null or DeviceKind.Cpu)
            {
                // One warp with one thread for each core, because the cost of a barrier grows with the warps, and kernels here
                // are coarse.
                builder.CPU(new CPUDevice(width, 1, 1));
            }
        });
    }

    internal static IEnumerable<(DeviceInfo Info, ILGPU.Runtime.Device Device)> Describe(Context context, int? threads)
    {
        int cuda = 0;
        int openCl = 0;
        foreach (var device in context)
        {
            var info = device switch
            {
                CudaDevice gpu => new DeviceInfo(
                    DeviceKind.Cuda, cuda++, gpu.Name, true, gpu.MemorySize, gpu.NumMultiprocessors, gpu.MaxNumThreadsPerGroup,
                    [])
                {
                    CudaArchitecture = gpu.Architecture is { } architecture ? (10 * architecture.Major) + architecture.Minor : 0,
                },
                CLDevice cl => new DeviceInfo(
                    DeviceKind.OpenCl,
                    openCl++,
                    cl.Name.Trim(),
                    cl.DeviceType.HasFlag(CLDeviceType.CL_DEVICE_TYPE_GPU),
                    cl.MemorySize,
                    cl.NumMultiprocessors,
                    cl.MaxNumThreadsPerGroup,
                    OpenClLacks(cl))
                {
                    HasLongVectors = HasLongVectors(cl),
                    FreeBytes = cl.DeviceType.HasFlag(CLDeviceType.CL_DEVICE_TYPE_GPU) ? null : HostMemory.FreeBytes(),
                },
                _ => new DeviceInfo(
                    DeviceKind.Cpu,
                    0,
                    "ILGPU CPU accelerator",
                    false,
                    GC.GetGCMemoryInfo().TotalAvailableMemoryBytes,
                    1,
                    // ILGPU has at least two threads; one of them can stay idle.
                    threads ?? Environment.ProcessorCount,
                    ["cheap barriers", "vectorization of kernels"])
                {
                    FreeBytes = HostMemory.FreeBytes(),
                },
            };
            yield return (info, device);
        }
    }

    /// <summary>Makes ILGPU open a device that has no generic pointers, because the kernels here need none.</summary>
    internal static void Admit(ILGPU.Runtime.Device device)
    {
        if (device is CLDevice cl)
        {
            SetGenericAddressSpace(cl.Capabilities, true);
        }
    }

    /// <summary>Opens a device with the runtime of its programming interface.</summary>
    /// <param name="waves">See <see cref="DeviceOptions.Waves"/>.</param>
    internal static DeviceRuntime OpenRuntime(
        Context context, ILGPU.Runtime.Device device, DeviceInfo info, WaveFeatures? waves)
    {
        if (device is CPUDevice host)
        {
            return new CpuRuntime(host.CreateCPUAccelerator(context, CPUAcceleratorMode.Parallel), info);
        }

        var accelerator = device.CreateAccelerator(context);
        // A CPU's forms are not made of waves, unless a family is forced upon it.
        bool mayHaveWaves = info.IsGpu || info.ForcedFamily is not null;
        var accepted = waves ?? (accelerator is CLAccelerator cl && mayHaveWaves ? OpenClWaves.Of(cl) : WaveFeatures.None);
        var kernels = new CompiledKernels(context, accelerator, CompiledKernels.DefaultFolder) { Waves = accepted };
        return accelerator is CudaAccelerator cuda
            ? new CudaRuntime(cuda, info, kernels)
            : new OpenClRuntime((CLAccelerator)accelerator, kernels);
    }

    private static ImmutableArray<string> OpenClLacks(CLDevice device)
    {
        var capabilities = device.Capabilities;
        return
        [
            .. new[]
            {
                capabilities.GenericAddressSpace ? null : "generic pointers",
                capabilities.Float16 ? null : "fp16",
                capabilities.SubGroups ? null : "subgroups",
                HasLongVectors(device) ? null : "vectors of 32",
            }.OfType<string>(),
        ];
    }

    private static bool HasLongVectors(CLDevice device) =>
        !device.PlatformName.Contains(Rusticl, StringComparison.OrdinalIgnoreCase);

    [UnsafeAccessor(UnsafeAccessorKind.Method, Name = "get_DeviceRegistry")]
    private static extern DeviceRegistry RegistryOf(Context.Builder builder);

    [UnsafeAccessor(UnsafeAccessorKind.Method, Name = "set_GenericAddressSpace")]
    private static extern void SetGenericAddressSpace(CLCapabilityContext capabilities, bool value);
}
