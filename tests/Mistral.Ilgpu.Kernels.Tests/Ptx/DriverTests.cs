using System.Runtime.InteropServices;
using ILGPU;
using ILGPU.Runtime;
using ILGPU.Runtime.Cuda;
using Mistral.Ilgpu.Execution;
using Xunit;
using Device = Mistral.Ilgpu.Execution.Device;

namespace Mistral.Ilgpu.Kernels.Tests.Ptx;

/// <summary>What CUDA forbids or leaves open, the machine's driver refuses or puts off.</summary>
public sealed class DriverTests : IDisposable
{
    private readonly Device _device = TestDevice.OpenCounted();

    [Fact]
    public void Capture_OfWhatCannotBeRecorded_IsInvalid()
    {
        var graphs = new CudaGraphDriver((CudaStream)_device.Stream);
        graphs.BeginCapture();
        var exception = Assert.Throws<DeviceException>(() => _device.Allocate<int>(4, "a test", zeroed: false));
        Assert.Contains("device memory was allocated while a stream is captured", exception.Message, StringComparison.Ordinal);
        exception = Assert.Throws<DeviceException>(() => graphs.EndCapture());
        Assert.Contains("the capture is invalid since device memory was allocated", exception.Message, StringComparison.Ordinal);
        // And is over.
        _device.Synchronize();
    }

    [Fact]
    public void Capture_OfALaunch_RunsNothingUntilItIsPlayed()
    {
        var graphs = new CudaGraphDriver((CudaStream)_device.Stream);
        var result = _device.Zeros<int>(1);
        _device.Launch(new KernelConfig(1, 1), new CountUp(result));
        graphs.BeginCapture();
        _device.Launch(new KernelConfig(1, 1), new CountUp(result));
        nint graph = graphs.EndCapture();
        Assert.Equal([1], _device.Download(result));
        graphs.Launch(graph);
        graphs.Launch(graph);
        Assert.Equal([3], _device.Download(result));
        graphs.Destroy(graph);
    }

    [Fact]
    public void PageLockedMemory_ChangedBeforeItIsCopied_IsCopiedAsChanged()
    {
        byte[] bytes = GC.AllocateArray<byte>(64, pinned: true);
        using var locked = _device.LockPages(bytes);
        var there = _device.Zeros<byte>(bytes.Length);
        there.CopyFromCPUUnsafeAsync(_device.Stream, ref bytes[0], bytes.Length);
        bytes[3] = 7;
        Assert.Equal(7, _device.Download(there)[3]);
    }

    [Fact]
    public void PageLockedMemory_UnlockedWhileItIsCopied_IsRefused()
    {
        byte[] bytes = GC.AllocateArray<byte>(64, pinned: true);
        var locked = _device.LockPages(bytes)!;
        _device.Zeros<byte>(bytes.Length).CopyFromCPUUnsafeAsync(_device.Stream, ref bytes[0], bytes.Length);
        Assert.Contains("a copy that touches it is under way", Assert.Throws<CudaException>(locked.Dispose).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void DeviceMemory_OnTheHost_IsNowhere()
    {
        using var buffer = _device.Allocate<int>(1, "a test");
        nint address = buffer.View.LoadEffectiveAddressAsPtr();
        Assert.ThrowsAny<Exception>(() => Marshal.ReadInt32(address));
    }

    [Fact]
    public void Launch_OfNoGroups_IsRefused()
    {
        var result = _device.Zeros<int>(1);
        var exception = Assert.Throws<CudaException>(() => _device.Launch(new KernelConfig(0, 1), new CountUp(result)));
        Assert.Contains("a grid of (0, 1, 1), expected 1 to", exception.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void FaultInAKernel_FailsWhoWaits_WithThreadAndInstruction()
    {
        var result = _device.Zeros<int>(4);
        _device.Launch(new KernelConfig(1, 1), new CountUp(result.SubView(0, 0)));
        var exception = Assert.Throws<CudaException>(_device.Synchronize);
        Assert.Contains("thread 0", exception.Message, StringComparison.Ordinal);
        Assert.Contains("global memory", exception.Message, StringComparison.Ordinal);
    }

    public void Dispose() => _device.Dispose();

    private readonly record struct CountUp(ArrayView<int> Count) : IKernel
    {
        public void Execute() => Count[Grid.IdxX + (Group.IdxX * 1_000_000)]++;
    }
}
