using System.Diagnostics;
using Xunit;

namespace Mistral.Ilgpu.Kernels.Tests.Products;

/// <summary>Vector forms of products on processors that lack instructions, which .NET does without if it is told so.</summary>
public sealed class FewerInstructionsTests
{
    [Theory]
    [InlineData("DOTNET_EnableAVX512")]
    [InlineData("DOTNET_EnableAVXVNNI")]
    [InlineData("DOTNET_EnableAVX2")]
    public async Task Products_WithoutInstructions_EqualTheSimplestForms(string instructions)
    {
        var start = new ProcessStartInfo(
            Path.Combine(AppContext.BaseDirectory, "Mistral.Ilgpu.Kernels.Tests" + (OperatingSystem.IsWindows() ? ".exe" : "")),
            ["-class", typeof(StripProductTests).FullName!])
        {
            RedirectStandardOutput = true,
            Environment = { [instructions] = "0", ["MISTRAL_TEST_DEVICES"] = "cpu" },
        };
        using var process = Process.Start(start)!;
        string output = await process.StandardOutput.ReadToEndAsync(TestContext.Current.CancellationToken);
        await process.WaitForExitAsync(TestContext.Current.CancellationToken);
        Assert.True(process.ExitCode == 0, output);
    }
}
