using System.Diagnostics;
using System.Runtime.InteropServices;
using Xunit;

namespace Mistral.Ilgpu.Tests.Packages;

/// <summary>A program of the .NET SDK, run to its end.</summary>
internal static class DotnetCommand
{
    /// <summary>The folder of the runtime that runs the tests, three above its libraries.</summary>
    private static readonly string Root = Path.GetFullPath(Path.Combine(RuntimeEnvironment.GetRuntimeDirectory(), "../../.."));

    /// <summary>What <c>dotnet</c> writes to standard output, after it has succeeded.</summary>
    public static Task<string> Run(string folder, params string[] args) => RunProgram("dotnet", folder, args);

    /// <summary>What a program writes to standard output, after it has succeeded.</summary>
    public static async Task<string> RunProgram(string program, string folder, params string[] args)
    {
        var start = new ProcessStartInfo(program, args)
        {
            WorkingDirectory = folder,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        };
        start.Environment["DOTNET_ROOT"] = Root;
        // A build node that is kept for later keeps standard output open.
        start.Environment["MSBUILDDISABLENODEREUSE"] = "1";
        using var process = Process.Start(start)!;
        var cancellation = TestContext.Current.CancellationToken;
        var output = process.StandardOutput.ReadToEndAsync(cancellation);
        string error = await process.StandardError.ReadToEndAsync(cancellation);
        await process.WaitForExitAsync(cancellation);
        Assert.True(process.ExitCode == 0, $"{program} {string.Join(' ', args)} ended with {process.ExitCode}:\n{await output}\n{error}");
        return await output;
    }
}
