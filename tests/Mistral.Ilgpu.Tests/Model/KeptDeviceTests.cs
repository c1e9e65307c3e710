using Mistral.Ilgpu.Checkpoints;
using Mistral.Ilgpu.Execution.Devices;
using Mistral.Ilgpu.Kernels.Tests;
using Mistral.Ilgpu.Model;
using Mistral.Ilgpu.PtxMachine.Driver;
using Mistral.Ilgpu.Reference;
using Xunit;

namespace Mistral.Ilgpu.Tests.Model;

/// <summary>
/// What a model leaves on a device that is kept for others, and what happens where the driver refuses a feature.
/// </summary>
public sealed class KeptDeviceTests
{
    [Fact]
    [Trait(Needs.Trait, Needs.OpenCl)]
    public void Dispose_OfAModel_LeavesNoLaunchesToTheDevice()
    {
        // Skips without OpenCL. The test's own device, because tests beside this one launch on the shared one.
        TestDevice.Get("opencl");
        using var device = ComputeDevice.Open("opencl");
        int launches = device.OwnLaunches;
        long bytes = device.AllocatedBytes;
        using var folder = new TemporaryFolder();
        using var checkpoint = Write(folder.Path);
        using (var model = MistralModel.LoadUntested(checkpoint, device, new ModelOptions(TensorFormat.Q8_0)))
        {
            model.Parts[0].Runner.Prepare(TestContext.Current.CancellationToken);
            Greedy(model);
        }

        Assert.Equal((launches, bytes), (device.OwnLaunches, device.AllocatedBytes));
    }

    [Fact]
    public void Load_PagesThatCannotBeLocked_CopiesThemAllTheSameAndSaysSo()
    {
        using var folder = new TemporaryFolder();
        using var checkpoint = Write(folder.Path);
        using var device = TestDevice.OpenCounted();
        List<int> expected = Run();
        Assert.Null(device.Drawback);
        CudaDriver.Refused = "cuMemHostRegister_v2";
        try
        {
            Assert.Equal(expected, Run());
        }
        finally
        {
            CudaDriver.Refused = null;
        }

        Assert.Contains("cuMemHostRegister failed", device.Drawback, StringComparison.Ordinal);
        Assert.DoesNotContain('\n', device.Drawback!);

        List<int> Run()
        {
            using var model = MistralModel.LoadUntested(
                checkpoint, device, new ModelOptions(TensorFormat.BFloat16, Chunk: 8), progress: null, CancellationToken.None);
            return Greedy(model);
        }
    }

    private static Checkpoint Write(string folder)
    {
        new RandomCheckpoint(11) { Type = "F32" }.Write(folder);
        return Checkpoint.Open(folder);
    }

    private static List<int> Greedy(MistralModel model)
    {
        using var text = new ModelText(model);
        text.Forward([1, 7, 30, 22, 5, 9, 14, 3, 8, 2, 11, 6]);
        List<int> ids = [text.ArgMax()];
        while (ids.Count < 5)
        {
            text.Forward([ids[^1]]);
            ids.Add(text.ArgMax());
        }

        return ids;
    }
}
