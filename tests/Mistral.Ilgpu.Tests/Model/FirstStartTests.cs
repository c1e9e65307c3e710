using Mistral.Ilgpu.Checkpoints;
using Mistral.Ilgpu.Execution.Compilation;
using Mistral.Ilgpu.Execution.Devices;
using Mistral.Ilgpu.Execution.Passes;
using Mistral.Ilgpu.Kernels;
using Mistral.Ilgpu.Kernels.Tests;
using Mistral.Ilgpu.Model;
using Xunit;

namespace Mistral.Ilgpu.Tests.Model;

/// <summary>Loading where not all kernels are kept from an earlier run.</summary>
[Trait(Needs.Trait, Needs.OpenCl)]
public sealed class FirstStartTests : IProgress<KernelProgress>, IDisposable
{
    private readonly ComputeDevice _device;
    private readonly Checkpoint _checkpoint = Checkpoint.Open(Checkpoint.Tiny);
    private readonly List<KernelProgress> _told = [];
    private readonly CancellationTokenSource _source = new();
    private bool _cancels;

    public FirstStartTests()
    {
        _ = TestDevice.Get("opencl");
        // No kernel of it is loaded yet.
        _device = ComputeDevice.Open("opencl");
    }

    public void Dispose()
    {
        _device.Dispose();
        _checkpoint.Dispose();
        _source.Dispose();
    }

    [Fact]
    public void Load_KernelNotKept_TellsOfItAndPreparesChains()
    {
        Forget();
        using var model = Load();
        Assert.True(model.CompiledKernels >= 1);
        Assert.True(model.KernelTime > TimeSpan.Zero);
        Assert.NotEmpty(_told);
        Assert.True(_told[^1].Total > 1);
        Assert.All(_told, progress => Assert.InRange(progress.Ready, 0, progress.Total));
        Assert.Equal(_told.Select(progress => progress.Ready).Order(), _told.Select(progress => progress.Ready));
        Assert.True(model.Runner<ChainedPasses>()?.IsPrepared != false);
    }

    [Fact]
    public void Load_AllKernelsKept_TellsNothingAndPreparesNothing()
    {
        using (var other = ComputeDevice.Open("opencl"))
        {
            using var first = MistralModel.Load(_checkpoint, other);
        }

        Assert.SkipUnless(File.Exists(KeptKernel()), "the user's cache folder cannot be written to");

        using var model = Load();
        Assert.Equal(0, model.CompiledKernels);
        Assert.Empty(_told);
        Assert.True(model.Runner<ChainedPasses>()?.IsPrepared != true);
    }

    [Fact]
    public void Load_CancelledWhileCompiling_ThrowsAndTheNextLoads()
    {
        Forget();
        _cancels = true;
        Assert.ThrowsAny<OperationCanceledException>(Load);
        long left = _device.AllocatedBytes;
        using (MistralModel.Load(_checkpoint, _device))
        {
        }

        Assert.Equal((0, 0), (left, _device.AllocatedBytes));
    }

    void IProgress<KernelProgress>.Report(KernelProgress value)
    {
        _told.Add(value);
        if (_cancels)
        {
            _source.Cancel();
        }
    }

    private MistralModel Load() => MistralModel.Load(_checkpoint, _device, kernels: this, cancellation: _source.Token);

    private void Forget()
    {
        if (File.Exists(KeptKernel()))
        {
            File.Delete(KeptKernel());
        }
    }

    private string KeptKernel()
    {
        using var kernels = new CompiledKernels(_device.Accelerator.Context, _device.Accelerator, CompiledKernels.DefaultFolder);
        return kernels.FileOf(new KernelForm(typeof(Embed<BFloat16, ushort>)));
    }
}
