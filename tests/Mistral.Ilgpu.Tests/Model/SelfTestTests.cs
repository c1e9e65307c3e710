using System.Text.Json;
using Mistral.Ilgpu.Checkpoints;
using Mistral.Ilgpu.Execution.Buffers;
using Mistral.Ilgpu.Execution.Families;
using Mistral.Ilgpu.Kernels;
using Mistral.Ilgpu.Kernels.Tests;
using Mistral.Ilgpu.Model;
using Mistral.Ilgpu.PtxMachine.Driver;
using Mistral.Ilgpu.Reference;
using Xunit;

namespace Mistral.Ilgpu.Tests.Model;

// Runs alone, because kernels that other tests load while the driver refuses would prefer another part of the cache.
[Collection(nameof(SelfTestTests))]
[CollectionDefinition(nameof(SelfTestTests), DisableParallelization = true)]
public sealed class SelfTestTests
{
    private const int Seed = 7;

    public static TheoryData<string> Devices => TestDevice.All;

    [Fact]
    public void ExpectedLogits_BuiltIn_AreTheReferences()
    {
        using var checkpoint = Checkpoint.OpenBuiltIn(SelfTest.ModelName);
        var expected = SelfTest.Read(checkpoint.ReadFile(SelfTest.ExpectedFile));
        double[] logits = new ReferenceModel(checkpoint).Forward(expected.Ids)[^1];
        Assert.Equal(logits, expected.Logits, (a, b) => Math.Abs(a - b) < 1e-6);
    }

    [Theory]
    [MemberData(nameof(Devices))]
    public void Run_OnWorkingDevice_PassesInEveryFormat(string name)
    {
        foreach (var format in new[] { TensorFormat.Float32, TensorFormat.Float16, TensorFormat.BFloat16 })
        {
            SelfTest.Run(TestDevice.Get(name), [format, TensorFormat.Q8_0], format, ActivationType.Int8);
        }
    }

    [Fact]
    public void Run_FormByWarpgroupsCannotBeLoaded_PassesWithoutThem()
    {
        using var device = TestDevice.OpenCounted();
        // The form of this test itself is loaded, the residual's is not.
        Assert.True(WarpgroupProducts.Of(device)!.MultiplyInBulk<BFloat16Tensor>());
        CudaDriver.Refused = "cuFuncSetAttribute";
        try
        {
            SelfTest.Run(device, [TensorFormat.BFloat16], TensorFormat.BFloat16, ActivationType.Int8);
        }
        finally
        {
            CudaDriver.Refused = null;
        }

        Assert.StartsWith("prompts are multiplied without warpgroups: MatMulBulk<BFloat16Tensor, ", device.Drawback, StringComparison.Ordinal);
    }

    /// <summary>Writes the self-test's model anew; run it by name after a change to the model's configuration.</summary>
    [Fact(Explicit = true)]
    public void Write_SelfTestModel()
    {
        string folder = Path.Combine(Repository.Root, "src/Mistral.Ilgpu/BuiltIn", SelfTest.ModelName);
        var random = new RandomCheckpoint(Seed) { Type = "BF16" };
        // Rows of whole runs, which products norm themselves, and of no whole packs.
        (random.Config["hidden_size"], random.Config["intermediate_size"]) = (32, 36);
        random.Write(folder);
        using var checkpoint = Checkpoint.Open(folder);
        int[] ids = [1, 5, 39, 0, 17, 5, 22, 8, 31, 12, .. Enumerable.Range(0, 30).Select(i => i * 7 % 40)];
        double[] logits = new ReferenceModel(checkpoint).Forward(ids)[^1];
        File.WriteAllText(
            Path.Combine(folder, SelfTest.ExpectedFile), JsonSerializer.Serialize(new SelfTest.Expected(ids, logits), JsonSerializerOptions.Web));
    }
}
