using Mistral.Ilgpu.Execution.Devices;
using Mistral.Ilgpu.Kernels.Tests;
using Mistral.Ilgpu.PtxMachine.Driver;
using Xunit;

namespace Mistral.Ilgpu.Tests.Execution;

/// <summary>How much of a device's memory a process takes.</summary>
public sealed class DeviceMemoryTests
{
    private const long Least = 128L << 20;

    [Theory]
    [MemberData(nameof(Devices))]
    public void AvailableBytes_WithoutALimit_IsWhatIsFreeLessAReserve(string name)
    {
        TestDevice.Get(name);
        using var plug = CudaDriver.PlugIn();
        using var device = ComputeDevice.Open(name);
        long free = Assert.NotNull(device.Info.FreeBytes);
        long most = Math.Min(free - Least, device.Info.MemoryBytes);
        Assert.InRange(device.AvailableBytes, Math.Min(free - (1L << 30), most), most);
    }

    [Fact]
    public void AvailableBytes_WithALimit_IsTheLimitLessWhatOthersHold()
    {
        using var device = ComputeDevice.Open("cpu", new DeviceOptions { MemoryLimit = 3 * Least, HeldOn = _ => Least });
        Assert.Equal(2 * Least, device.AvailableBytes);
    }

    public static TheoryData<string> Devices => TestDevice.Rows("cpu", "opencl", "cuda");
}
