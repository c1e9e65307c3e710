using System.Diagnostics;
using Xunit;

namespace Mistral.Ilgpu.Kernels.Tests.Products;

/// <summary>Vector forms on processors that lack instructions, which .NET does without if it is told so.</summary>
public sealed class FewerInstructionsTests
{
    private static readonly Type[] Classes =
        [typeof(StripProductTests), typeof(MatMulTests), typeof(GatedMatVecTests), typeof(WeightFormatTests)];

    [Theory]
    [InlineData("DOTNET_EnableAVX512")]
    [InlineData("DOTNET_EnableAVXVNNI")]
    [InlineData("DOTNET_EnableAVX2")]
    public async Task Kernels_WithoutInstructions_EqualTheSimplestForms(string instructions)
    {
        var start = new ProcessStartInfo(
            Path.Combine(AppContext.BaseDirectory, "Mistral.Ilgpu.Kernels.Tests" + (OperatingSystem.IsWindows() ? ".exe" : "")),
            Classes.SelectMany(tests => new[] { "-class", tests.FullName! }))
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
