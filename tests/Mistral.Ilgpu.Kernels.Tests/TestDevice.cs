using System.Diagnostics.CodeAnalysis;
using System.Runtime.CompilerServices;
using ILGPU;
using ILGPU.Runtime;
using Mistral.Ilgpu.Execution.Compilation;
using Mistral.Ilgpu.Execution.Devices;
using Mistral.Ilgpu.Execution.Families;
using Mistral.Ilgpu.Kernels;
using Mistral.Ilgpu.PtxMachine.Driver;
using Xunit;

namespace Mistral.Ilgpu.Kernels.Tests;

/// <summary>
/// The devices that every kernel is tested on, opened once. <c>cpu</c> has a few threads as in production. <c>cpu:256</c> is the
/// CPU accelerator with groups as large as a GPU's: slow, but it runs the group forms. Where there is no NVIDIA GPU, <c>cuda</c>
/// is the PTX machine behind a driver of its own, see <see cref="CudaDriver"/>. <c>cuda:mma</c> is the same device without
/// products by warpgroups. <c>cuda:sm_75</c> has the forms of an sm_75, on the PTX machine or on a newer GPU.
/// <c>opencl:wave32</c>, <c>opencl:wave64</c> and <c>cpu:waves</c> have the forms made of waves: emulated in OpenCL C, and as
/// their methods say, in groups that are one warp of the CPU accelerator. <c>amd:wmma</c> and the like are the OpenCL device in
/// AMD's forms, with the matrix cores of a GPU emulated. Where the environment variable
/// <c>MISTRAL_TEST_DEVICES</c> names devices, such as <c>cuda</c> for checks on a GPU, the others are skipped.
/// <c>MISTRAL_TEST_FAMILY</c> gives <c>opencl</c> the forms of a family that is not its own, such as <c>Gpu</c>. With
/// <c>OpenClGpu</c> the OpenCL devices have the driver's own waves.
/// </summary>
internal static class TestDevice
{
    private static readonly Dictionary<string, Lazy<(ComputeDevice? Device, string? Absent)>> Devices = new()
    {
        ["cpu"] = new(() => Open("cpu", new DeviceOptions { Threads = 4 })),
        ["cpu:256"] = new(() => Open("cpu", new DeviceOptions { Threads = GroupReduce.MaxGroupSize })),
        ["opencl"] = new(() => Open("opencl", new DeviceOptions { Family = Family })),
        ["amd:wmma"] = new(() => OpenAmd(WaveFeatures.Emulated32 | WaveFeatures.Wmma)),
        ["amd:wmma12"] = new(() => OpenAmd(WaveFeatures.Emulated32 | WaveFeatures.Wmma12)),
        ["amd:mfma"] = new(() => OpenAmd(WaveFeatures.Emulated64 | WaveFeatures.Mfma)),
        ["amd:lanes"] = new(() => OpenAmd(WaveFeatures.Emulated32)),
        ["opencl:wave32"] = new(() => OpenWaves("opencl", WaveFeatures.Emulated32)),
        ["opencl:wave64"] = new(() => OpenWaves("opencl", WaveFeatures.Emulated64)),
        ["cpu:waves"] = new(() => OpenWaves("cpu", WaveFeatures.None)),
        ["cuda"] = new(() => OpenCuda()),
        ["cuda:mma"] = new(OpenWithoutWarpgroups),
        ["cuda:sm_75"] = new(OpenTuring),
    };

    /// <summary>Devices for kernels that need no groups.</summary>
    public static TheoryData<string> All => Rows("cpu", "opencl", "cuda");

    /// <summary>The same, with CUDA left out of the plain command: for tests whose kernels take the PTX machine long to compile
    /// and to run.</summary>
    public static TheoryData<string> AllWithCudaLong => [.. Rows("cpu", "opencl"), Needs.Long(new TheoryDataRow<string>("cuda"))];

    /// <summary>Devices for kernels that reduce over a group.</summary>
    public static TheoryData<string> Grouped => Rows("cpu:256", "opencl", "cuda");

    /// <summary>The same, with CUDA left out of the plain command.</summary>
    public static TheoryData<string> GroupedWithCudaLong => [.. Rows("cpu:256", "opencl"), Needs.Long(new TheoryDataRow<string>("cuda"))];

    /// <summary>Devices for forms made of waves: their own methods, waves of 32 and 64 that OpenCL C emulates, and CUDA's
    /// warps.</summary>
    public static string[] Waves => ["cpu:waves", "opencl:wave32", "opencl:wave64", "cuda"];

    /// <summary>A case of a theory for each device.</summary>
    public static TheoryData<string> Rows(params string[] devices) =>
        [.. devices.Select(device => Marked(new TheoryDataRow<string>(device), device))];

    /// <summary>A case of a theory for each device and value.</summary>
    /// <param name="isLong">Whether a case takes more than some seconds.</param>
    public static TheoryData<string, T> Rows<T>(string[] devices, IEnumerable<T> values, Func<string, T, bool>? isLong = null) =>
    [
        .. devices.SelectMany(device => values.Select(value =>
        {
            var row = Marked(new TheoryDataRow<string, T>(device, value), device);
            return isLong?.Invoke(device, value) != true ? row
                : IsOfWaves(device) || (value is TensorFormat format && IsRepeated(device, format)) ? Needs.ByHand(row)
                : Needs.Long(row);
        })),
    ];

    // One device after the other has the same forms, each compiled for seconds.
    private static bool IsOfWaves(string device) =>
        device is "cpu:waves" or "cuda:sm_75" || device.StartsWith("amd:", StringComparison.Ordinal)
        || device.StartsWith("opencl:", StringComparison.Ordinal);

    /// <summary>The device of that name; skips the test where it is absent, except that CI must have OpenCL.</summary>
    /// <param name="isLong">Whether the test is for devices that do more than some ten million instructions in a second.</param>
    public static ComputeDevice Get(string name, bool isLong = false)
    {
        string[]? wanted = Environment.GetEnvironmentVariable("MISTRAL_TEST_DEVICES")?.Split(',', StringSplitOptions.RemoveEmptyEntries);
        Assert.SkipWhen(wanted is { Length: > 0 } && !wanted.Contains(name.StartsWith("cpu", StringComparison.Ordinal) ? name : name.Split(':')[0]), $"{name} is not among MISTRAL_TEST_DEVICES");
        if (IsOpenCl(name))
        {
            Needs.Expect(Needs.OpenCl);
        }

        var (device, absent) = Devices[name].Value;
        if (device is null && IsOpenCl(name) && Environment.GetEnvironmentVariable("CI") == "true")
        {
            Assert.Fail($"CI must provide OpenCL: {absent}");
        }

        Assert.SkipWhen(device is null, $"no device {name}: {absent}");
        Assert.SkipWhen(isLong && IsInterpreted(device!), "no GPU, and too much for the PTX machine, which runs smaller cases");
        return device!;
    }

    /// <summary>Whether CUDA's kernels of a format are left out of the plain command. It compiles those of floats and of one
    /// format of each kind of blocks, with warpgroups.</summary>
    public static bool IsLong(string device, TensorFormat format) => device switch
    {
        "cuda" => format is not (TensorFormat.Float32 or TensorFormat.BFloat16 or TensorFormat.Q8_0 or TensorFormat.Q4_K),
        "cuda:mma" or "opencl:wave32" or "opencl:wave64" or "cpu:waves" => true,
        "opencl" => IsRepeated(device, format),
        _ => false,
    };

    // CI compiles a format of each kind for CUDA: with a fifth bit, with halves that differ, with uneven values. Without warpgroups
    // it has one of elements and one of blocks. Whole models run in every format on OpenCL.
    private static bool IsRepeated(string device, TensorFormat format) => device switch
    {
        "cuda" => IsLong(device, format)
            && format is not (TensorFormat.Float16 or TensorFormat.Q5_0 or TensorFormat.Q6_K or TensorFormat.IQ4_XS),
        "cuda:mma" => format is not (TensorFormat.BFloat16 or TensorFormat.Q4_K),
        "opencl" => format is TensorFormat.Q4_1 or TensorFormat.Q5_1 or TensorFormat.Q5_K or TensorFormat.IQ4_NL,
        _ => false,
    };

    /// <summary>Whether it is the PTX machine, or another where small shapes must do.</summary>
    public static bool IsInterpreted(ComputeDevice device) =>
        new[] { CudaDriver.DeviceName, "Oclgrind", "llvmpipe" }.Any(name => device.Info.Name.StartsWith(name, StringComparison.Ordinal));

    /// <summary>
    /// Another opening of the CUDA device, for tests that count the calls of its driver; skips the test where that is no PTX
    /// machine.
    /// </summary>
    /// <param name="request">Which: the first is an sm_90, the second an sm_70, the third an sm_75.</param>
    public static ComputeDevice OpenCounted(string request = "cuda", DeviceFeatures without = DeviceFeatures.None)
    {
        Assert.SkipWhen(CudaDriver.Absence is not null, CudaDriver.Absence ?? "");
        return OpenCuda(request, without).Device!;
    }

    /// <summary>Another opening of the OpenCL device in the forms of a family; skips the test where there is none.</summary>
    /// <param name="waves">What its compiler is to accept for waves.</param>
    public static ComputeDevice OpenAs(KernelFamily family, WaveFeatures waves = WaveFeatures.None)
    {
        Get("opencl");
        return ComputeDevice.Open("opencl", new DeviceOptions { Family = family, Waves = waves });
    }

    /// <summary>Copies values to a new buffer of the device.</summary>
    public static ArrayView<T> Upload<T>(this ComputeDevice device, T[] values)
        where T : unmanaged
    {
        var view = device.Allocate<T>(values.Length, "test data").View;
        view.CopyFromCPU(device.Stream, values);
        return view;
    }

    public static ArrayView<T> Zeros<T>(this ComputeDevice device, long length)
        where T : unmanaged => device.Allocate<T>(length, "test data").View;

    public static T[] Download<T>(this ComputeDevice device, ArrayView<T> view)
        where T : unmanaged
    {
        var values = new T[view.Length];
        view.CopyToCPU(device.Stream, values);
        device.Synchronize();
        return values;
    }

    // ILGPU loads the driver once.
    [ModuleInitializer]
    [SuppressMessage("Usage", "CA2255", Justification = "A test assembly is an application of its own.")]
    internal static void InstallDriver() => CudaDriver.Install();

    private static TRow Marked<TRow>(TRow row, string device)
        where TRow : TheoryDataRowBase => IsOpenCl(device) ? row.WithTrait(Needs.Trait, Needs.OpenCl) : row;

    private static bool IsOpenCl(string device) => device.Split(':')[0] is Needs.OpenCl or "amd";

    // Where the environment says so, the driver's own waves stand in for emulated ones.
    private static (ComputeDevice? Device, string? Absent) OpenWaves(string request, WaveFeatures waves) =>
        request == Needs.OpenCl && Family == KernelFamily.OpenClGpu ? Open(request, new DeviceOptions { Family = Family })
            : Open(request, new DeviceOptions { Threads = GroupReduce.MaxGroupSize, Family = KernelFamily.Amd, Waves = waves });

    private static (ComputeDevice? Device, string? Absent) OpenCuda(string request = "cuda", DeviceFeatures without = DeviceFeatures.None)
    {
        using (CudaDriver.PlugIn())
        {
            return Open(request, new DeviceOptions { Without = without });
        }
    }

    private static (ComputeDevice? Device, string? Absent) OpenWithoutWarpgroups()
    {
        var (device, absent) = OpenCuda();
        if (device is not null && WarpgroupProducts.Of(device) is null)
        {
            device.Dispose();
            return (null, "the CUDA device has no warpgroups to do without");
        }

        _ = device is not null && Execution.Families.Family.Of(device).LeaveOut(device, "a test does without");
        return (device, absent);
    }

    private static (ComputeDevice? Device, string? Absent) OpenTuring() =>
        CudaDriver.Absence is null ? OpenCuda("cuda:2") : Open("cuda", new DeviceOptions { Family = KernelFamily.CudaWaves });

    private static (ComputeDevice? Device, string? Absent) OpenAmd(WaveFeatures waves) =>
        Open("opencl", new DeviceOptions { Family = KernelFamily.Amd, Waves = waves });

    private static KernelFamily? Family =>
        Environment.GetEnvironmentVariable("MISTRAL_TEST_FAMILY") is { Length: > 0 } name ? Enum.Parse<KernelFamily>(name) : null;

    private static (ComputeDevice? Device, string? Absent) Open(string request, DeviceOptions options)
    {
        try
        {
            return (ComputeDevice.Open(request, options), null);
        }
        catch (DeviceException exception)
        {
            return (null, exception.Message);
        }
    }
}
