using System.Diagnostics;
using Xunit;

namespace Mistral.Ilgpu.Tests.Cli;

/// <summary>
/// Under WSL ILGPU's own way to find CUDA sets a resolver of libraries, and .NET refuses a second one of an assembly. Devices
/// were then not listed at all. Here a process sees what ILGPU recognises WSL by, in a mount namespace of its own.
/// </summary>
public sealed class WslTests
{
    // The kernel's name, and a folder in /usr/lib, which is put together anew of links: nothing is written to the machine's own.
    private const string AsUnderWsl = """
        mkdir "$0/all" "$0/lib" && echo 'Linux version 5.15.90.1-microsoft-standard-WSL2' > "$0/version" &&
        mount --bind "$0/version" /proc/version && mount --rbind /usr/lib "$0/all" &&
        ln -s "$0"/all/* "$0/lib" && mkdir -p "$0/lib/wsl/lib" && mount --bind "$0/lib" /usr/lib || exit 99
        exec "$@"
        """;

    [Fact]
    public async Task Devices_UnderWsl_AreListed()
    {
        Assert.SkipUnless(OperatingSystem.IsLinux() && File.Exists("/usr/bin/unshare"), "no unshare here");
        using var folder = new TemporaryFolder();
        string program = Path.Combine(AppContext.BaseDirectory, "mistral.dll");
        using var process = Process.Start(new ProcessStartInfo(
            "/usr/bin/unshare", ["--user", "--map-root-user", "--mount", "bash", "-c", AsUnderWsl, folder.Path, "dotnet", program, "devices"])
        {
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        })!;
        var cancellation = TestContext.Current.CancellationToken;
        var output = process.StandardOutput.ReadToEndAsync(cancellation);
        string error = await process.StandardError.ReadToEndAsync(cancellation);
        await process.WaitForExitAsync(cancellation);

        Assert.SkipWhen(
            process.ExitCode == 99 || error.StartsWith("unshare: ", StringComparison.Ordinal),
            $"no mounts of one's own here: {error}");
        Assert.Equal((0, ""), (process.ExitCode, error));
        Assert.Contains("ILGPU CPU accelerator", await output, StringComparison.Ordinal);
    }
}
