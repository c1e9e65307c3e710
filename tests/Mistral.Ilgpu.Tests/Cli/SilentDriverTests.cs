using System.Diagnostics;
using Mistral.Ilgpu.Kernels.Tests;
using Xunit;

namespace Mistral.Ilgpu.Tests.Cli;

/// <summary>An OpenCL driver that cannot start: it gives no device, and its loader says nothing. PoCL is so where it cannot keep
/// compiled kernels.</summary>
public sealed class SilentDriverTests
{
    private const string Home = "/proc/none";
    private const string Told =
        $"the OpenCL driver Portable Computing Language has no device: clGetDeviceIDs failed: CL_DEVICE_NOT_FOUND (-1); it keeps kernels in {Home}/.cache/pocl/kcache, which cannot be written to";

    [Theory]
    [Trait(Needs.Trait, Needs.OpenCl)]
    [InlineData(0, "auto takes cpu", "devices")]
    [InlineData(3, "mistral: device 'opencl' is not on this machine; it has cpu; ", "generate", "hi", "--device", "opencl")]
    [InlineData(0, "device cpu: ", "generate", "hi", "--max-tokens", "1")]
    public async Task Home_ThatCannotBeWritten_IsToldAsTheCause(int exitCode, string alsoTold, params string[] args)
    {
        string driver = TestDevice.Get("opencl").Info.Name;
        Assert.SkipUnless(
            driver.StartsWith("pthread", StringComparison.Ordinal) || driver.StartsWith("cpu", StringComparison.Ordinal),
            $"{driver} is not PoCL's");
        var start = new ProcessStartInfo("dotnet", [Path.Combine(AppContext.BaseDirectory, "mistral.dll"), .. args])
        {
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        };
        start.Environment["HOME"] = Home;
        start.Environment.Remove("XDG_CACHE_HOME");
        start.Environment.Remove("POCL_CACHE_DIR");
        using var process = Process.Start(start)!;
        var cancellation = TestContext.Current.CancellationToken;
        var output = process.StandardOutput.ReadToEndAsync(cancellation);
        string all = await process.StandardError.ReadToEndAsync(cancellation) + await output;
        await process.WaitForExitAsync(cancellation);

        Assert.True(exitCode == process.ExitCode, all);
        Assert.Contains(Told, all, StringComparison.Ordinal);
        Assert.Contains(alsoTold, all, StringComparison.Ordinal);
    }
}
