using Mistral.Ilgpu.Execution.Devices;
using Mistral.Ilgpu.Execution.Families;
using Mistral.Ilgpu.Planning;
using Mistral.Ilgpu.PtxMachine.Driver;
using Xunit;

namespace Mistral.Ilgpu.Kernels.Tests.Products;

/// <summary>
/// When prompts are multiplied by warpgroups, and what comes in their place. Runs alone, because kernels that other tests load
/// ask the driver for shared memory too.
/// </summary>
[Collection(nameof(WarpgroupProductsTests))]
[CollectionDefinition(nameof(WarpgroupProductsTests), DisableParallelization = true)]
public sealed class WarpgroupProductsTests
{
    private const double Bound = 2.5e-3;

    [Fact]
    public void Multiply_OnDeviceThatHasThem_PassesItsTestInBothFormats()
    {
        var device = TestDevice.Get("cuda");
        var products = WarpgroupProducts.Of(device);
        Assert.SkipWhen(products is null, "no warpgroups");
        Assert.True(products.Multiply<BFloat16Tensor>(), device.Drawback);
        Assert.True(products.Multiply<Float16Tensor>(), device.Drawback);
        Assert.Null(device.Drawback);
    }

    // So that starting hardly takes longer.
    [Theory]
    [InlineData("")]
    [InlineData("bulk")]
    [InlineData("blocks")]
    public void Multiply_FirstTime_TakesOneModuleAndOneLaunch(string kind)
    {
        using var device = TestDevice.OpenCounted();
        CudaDriver.Counts = new CallCounts();
        Assert.True(Multiplies(WarpgroupProducts.Of(device)!));
        Assert.True(Multiplies(WarpgroupProducts.Of(device)!));

        bool Multiplies(WarpgroupProducts products) =>
            kind == "blocks" ? products.MultiplyBlocks()
            : kind == "bulk" ? products.MultiplyInBulk<BFloat16Tensor>() : products.Multiply<BFloat16Tensor>();

        Assert.Equal((1, 1), (CudaDriver.Counts.Calls["cuModuleLoadDataEx"], CudaDriver.Counts.Launches));
    }

    [Fact]
    public void Prompt_OnDeviceThatHasThem_GoesByThem()
    {
        using var device = TestDevice.OpenCounted();
        CheckPrompt(device);
        Assert.Null(device.Drawback);
        int asked = CudaDriver.Counts.Calls["cuFuncSetAttribute"];
        // Nor is anything tried again.
        CheckPrompt(device);
        Assert.Equal(asked, CudaDriver.Counts.Calls["cuFuncSetAttribute"]);
    }

    [Fact]
    public void Prompt_DriverGivesNoSharedMemory_GoesByAnotherFormAndSaysWhy()
    {
        using var device = TestDevice.OpenCounted();
        CudaDriver.Refused = "cuFuncSetAttribute";
        try
        {
            CheckPrompt(device);
        }
        finally
        {
            CudaDriver.Refused = null;
        }

        Assert.StartsWith("prompts are multiplied without bulk copies: MatMulBulk<BFloat16Tensor, Assign> needs", device.Drawback, StringComparison.Ordinal);
        Assert.Contains("; prompts are multiplied without warpgroups: MatMulWarpgroup<BFloat16Tensor, ElementTiles, Assign> needs", device.Drawback, StringComparison.Ordinal);
        Assert.Contains("cuFuncSetAttribute is refused", device.Drawback, StringComparison.Ordinal);
        Assert.False(WarpgroupProducts.Of(device)!.Multiply<BFloat16Tensor>());
        Assert.True(WarpgroupProducts.Of(device)!.Multiply<Float16Tensor>());
    }

    [Fact]
    public void Prompt_DriverDescribesNoMatrices_GoesByWarpgroupsAndSaysWhy()
    {
        using var device = TestDevice.OpenCounted();
        CudaDriver.Refused = "cuTensorMapEncodeTiled";
        try
        {
            CheckPrompt(device);
        }
        finally
        {
            CudaDriver.Refused = null;
        }

        Assert.StartsWith("prompts are multiplied without bulk copies: cuTensorMapEncodeTiled failed", device.Drawback, StringComparison.Ordinal);
        Assert.DoesNotContain("without warpgroups", device.Drawback, StringComparison.Ordinal);
        Assert.True(WarpgroupProducts.Of(device)!.Multiply<BFloat16Tensor>());
    }

    // Of matrices that come after those of the test.
    [Fact]
    public void Prompt_DriverDescribesNoMoreMatrices_GoesByWarpgroupsAndSaysWhy()
    {
        using var device = TestDevice.OpenCounted();
        Assert.True(WarpgroupProducts.Of(device)!.MultiplyInBulk<BFloat16Tensor>());
        CudaDriver.Refused = "cuTensorMapEncodeTiled";
        try
        {
            CheckPrompt(device);
        }
        finally
        {
            CudaDriver.Refused = null;
        }

        Assert.StartsWith("prompts are multiplied without bulk copies: cuTensorMapEncodeTiled failed", device.Drawback, StringComparison.Ordinal);
    }

    // 64 columns of Q5_0 are 40 bytes of quants, which bulk copies do not take.
    [Theory]
    [InlineData(TensorFormat.Q8_0, 64, 1)]
    [InlineData(TensorFormat.Q4_K, 256, 1)]
    [InlineData(TensorFormat.Q5_0, 64, 0)]
    public void PromptOfBlocks_InWholePieces_GoesByBulkCopies(TensorFormat format, int columns, int more)
    {
        using var device = TestDevice.OpenCounted();
        var products = WarpgroupProducts.Of(device)!;
        Assert.True(products.MultiplyBlocks(), device.Drawback);
        CudaDriver.Counts = new CallCounts();
        CheckBlocks(device, format, columns);
        Assert.Null(device.Drawback);
        // The map of the quants, and that of the tokens.
        Assert.Equal(2 * more, CudaDriver.Counts.Calls.GetValueOrDefault("cuTensorMapEncodeTiled"));
    }

    [Fact]
    public void PromptOfBlocks_DriverDescribesNoMatrices_GoesByWarpgroupsAndSaysWhy()
    {
        using var device = TestDevice.OpenCounted();
        CudaDriver.Refused = "cuTensorMapEncodeTiled";
        try
        {
            CheckBlocks(device, TensorFormat.Q8_0, 64);
        }
        finally
        {
            CudaDriver.Refused = null;
        }

        Assert.StartsWith("prompts are multiplied without bulk copies: cuTensorMapEncodeTiled failed", device.Drawback, StringComparison.Ordinal);
        Assert.DoesNotContain("without warpgroups", device.Drawback, StringComparison.Ordinal);
        Assert.False(WarpgroupProducts.Of(device)!.MultiplyBlocks());
    }

    [Fact]
    public void BulkCopies_SwitchedOff_AreNotTried()
    {
        using var device = TestDevice.OpenCounted(without: DeviceFeatures.BulkCopies);
        CudaDriver.Counts = new CallCounts();
        CheckPrompt(device);
        CheckBlocks(device, TensorFormat.Q8_0, 64);
        Assert.False(WarpgroupProducts.Of(device)!.MultiplyInBulk<BFloat16Tensor>());
        Assert.False(WarpgroupProducts.Of(device)!.MultiplyBlocks());
        Assert.False(CudaDriver.Counts.Calls.ContainsKey("cuTensorMapEncodeTiled"));
        Assert.Null(device.Drawback);
    }

    [Fact]
    public void LeaveOut_AfterTheyPassed_HasAllTestedAgainOnce()
    {
        using var device = TestDevice.OpenCounted();
        Assert.True(WarpgroupProducts.Of(device)!.Multiply<BFloat16Tensor>());
        int tests = 0;
        device.TestOnce("a test", () => tests++);
        Assert.True(Family.Of(device).LeaveOut(device, "of a test"));
        device.TestOnce("a test", () => tests++);
        Assert.False(Family.Of(device).LeaveOut(device, "of another"));
        device.TestOnce("a test", () => tests++);
        Assert.Equal(2, tests);
        Assert.False(WarpgroupProducts.Of(device)!.Multiply<BFloat16Tensor>());
        int modules = CudaDriver.Counts.Calls["cuModuleLoadDataEx"];
        Assert.False(WarpgroupProducts.Of(device)!.Multiply<Float16Tensor>());
        Assert.Equal(modules, CudaDriver.Counts.Calls["cuModuleLoadDataEx"]);
        Assert.Equal("prompts are multiplied without warpgroups: of a test", device.Drawback);
        CheckPrompt(device);
    }

    [Fact]
    public void SwitchedOff_OrOnOlderDevice_ThereAreNone()
    {
        using var older = TestDevice.OpenCounted("cuda:1");
        Assert.Null(WarpgroupProducts.Of(older));
        using var device = TestDevice.OpenCounted(without: DeviceFeatures.Warpgroups);
        Assert.Null(WarpgroupProducts.Of(device));
        Assert.Null(device.Drawback);
        CheckPrompt(device);
    }

    private static void CheckBlocks(ComputeDevice device, TensorFormat format, int columns)
    {
        var product = new Product(device, format, 12, columns, 3);
        product.Check(product.Run(new Pass(0, 3, 0)), Bound);
    }

    private static void CheckPrompt(ComputeDevice device)
    {
        var product = new Product(device, TensorFormat.BFloat16, 12, 48, 3);
        product.Check(product.Run(new Pass(0, 3, 0)), Bound);
    }
}
