using System.Runtime.InteropServices;
using ILGPU;
using ILGPU.Runtime;
using ILGPU.Runtime.Cuda;
using Mistral.Ilgpu.Execution.Devices;
using Mistral.Ilgpu.Execution.Drivers;
using Xunit;

namespace Mistral.Ilgpu.Kernels.Tests.Ptx;

/// <summary>What CUDA forbids or leaves open, the machine's driver refuses or puts off.</summary>
public sealed class DriverTests : IDisposable
{
    // What the machine has before dynamic shared memory, so that this is no more aligned than its declaration says.
    private const int Before = 16;

    private readonly ComputeDevice _device = TestDevice.OpenCounted();

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
        Assert.Contains(
            "a copy that touches it is under way", Assert.Throws<CudaException>(locked.Dispose).Message,
            StringComparison.Ordinal);
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

    [Fact]
    public void Launch_OfMoreSharedMemoryThanWasAllowed_IsRefused()
    {
        const int Most = (48 << 10) - Before;
        var result = _device.Zeros<int>(1);
        Launch(Most);
        Assert.Equal([Most], _device.Download(result));
        var exception = Assert.Throws<CudaException>(() => Launch(Most + 4));
        Assert.Contains($"{Most + 4} bytes of dynamic shared memory, expected at most {Most}", exception.Message, StringComparison.Ordinal);

        CudaSharedMemory.Allow((CudaAccelerator)_device.Accelerator, Function<LastOfShared>(_device), Most + 4, "a test");
        Launch(Most + 4);
        Assert.Equal([Most + 4], _device.Download(result));
        Assert.Throws<CudaException>(() => Launch(Most + 8));

        void Launch(int bytes) => _device.Launch(
            new KernelConfig(new Index3D(1, 1, 1), new Index3D(1, 1, 1), SharedMemoryConfig.RequestDynamic<byte>(bytes)), new LastOfShared(result));
    }

    [Theory]
    [InlineData("cuda:0", 227 << 10)]
    [InlineData("cuda:1", 96 << 10)]
    [InlineData("cuda:2", 64 << 10)]
    public void SharedMemory_BeyondTheDevices_IsRefused(string request, int most)
    {
        using var device = TestDevice.OpenCounted(request);
        var accelerator = (CudaAccelerator)device.Accelerator;
        Assert.Equal(most, CudaSharedMemory.MostBytes(accelerator));
        nint function = Function<LastOfShared>(device);
        CudaSharedMemory.Allow(accelerator, function, most - Before, "a test");
        var exception = Assert.Throws<DeviceException>(
            () => CudaSharedMemory.Allow(accelerator, function, most - Before + 1, "a test"));
        Assert.StartsWith("a test needs", exception.Message, StringComparison.Ordinal);
        Assert.Contains("cuFuncSetAttribute failed:", exception.Message, StringComparison.Ordinal);
        Assert.EndsWith("(1)", exception.Message, StringComparison.Ordinal);
    }

    // sm_90a is for sm_90 alone, sm_90 for that and newer.
    [Theory]
    [InlineData("sm_70", "cuda:0", 0)]
    [InlineData("sm_70", "cuda:1", 0)]
    [InlineData("sm_75", "cuda:1", 209)]
    [InlineData("sm_75", "cuda:2", 0)]
    [InlineData("sm_90", "cuda:0", 0)]
    [InlineData("sm_90", "cuda:1", 209)]
    [InlineData("sm_90a", "cuda:0", 0)]
    [InlineData("sm_90a", "cuda:1", 209)]
    [InlineData("sm_70a", "cuda:0", 209)]
    public void Module_ForAnotherTarget_IsRefused(string target, string request, int result)
    {
        using var device = TestDevice.OpenCounted(request);
        device.Accelerator.Bind();
        string ptx = $".version 8.0\n.target {target}\n.address_size 64\n.visible .entry nothing(.param .align 8 .b8 p[8])\n{{\n\tret;\n}}\n";
        Assert.Equal((CudaError)result, CudaAPI.CurrentAPI.LoadModule(out _, ptx, out _));
    }

    public void Dispose() => _device.Dispose();

    private static nint Function<TKernel>(ComputeDevice device)
        where TKernel : struct, IKernel => ((CudaKernel)device.Load<TKernel>().GetKernel()).FunctionPtr;

    private readonly record struct LastOfShared(ArrayView<int> Result) : IKernel
    {
        public void Execute()
        {
            var shared = SharedMemory.GetDynamic<int>();
            shared[shared.IntLength - 1] = shared.IntLength * sizeof(int);
            Result[0] = shared[shared.IntLength - 1];
        }
    }

    private readonly record struct CountUp(ArrayView<int> Count) : IKernel
    {
        public void Execute() => Count[Grid.IdxX + (Group.IdxX * 1_000_000)]++;
    }
}
