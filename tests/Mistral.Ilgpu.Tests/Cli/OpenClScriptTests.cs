using System.Diagnostics;
using System.Globalization;
using Xunit;

namespace Mistral.Ilgpu.Tests.Cli;

/// <summary><c>perf/opencl</c> with a stand-in for the programs: its calls, and what it makes of the results.</summary>
public sealed class OpenClScriptTests : IDisposable
{
    // Other tokens than the CPU's in q8_0, a step that differs in $DIFFERS, a bench that does not end in $HANGS.
    private const string Program = """
        #!/usr/bin/env bash
        echo "$(basename "$0") $*" >>"$(dirname "$0")/calls"
        case "$*" in
          *" $HANGS"*) sleep 60 ;;
        esac
        case $1 in
          devices) echo '{"devices":[{"id":"opencl:0","name":"a card","gpu":GPU},{"id":"cpu","gpu":false}]}' ;;
          generate) case "$*" in *opencl*q8_0*) echo '{"ids":[1,2,9]}' ;; *) echo '{"ids":[1,2,3]}' ;; esac ;;
          profile) case "$*" in *"$DIFFERS") echo "swiglu differs" >&2; exit 3 ;; esac ;;
          bench) echo "| model | $(sed 's/.*--model [^ ]*:\([a-z0-9_]*\) .*/\1/' <<<"$*") |" ;;
          -class*) echo "   Total: 7, Errors: 0, Failed: $FAILED on $MISTRAL_TEST_DEVICES"; exit "$FAILED" ;;
        esac
        """;

    private static readonly string Script = Path.Combine(Repository.Root, "perf", "opencl");

    private readonly TemporaryFolder _folder = new();

    [Fact]
    public void Script_WithoutParts_DoesAllInOrderWithCorrectnessFirst()
    {
        var (exitCode, report) = Run(["--against", _folder.Path]);
        Assert.Equal(0, exitCode);
        Assert.Equal(
            [
                "Kernels against float64", "The whole model against float64, alone and together", "Steps beside the CPU's",
                "Tokens beside the CPU's", "Prompts", "Decode", "Decode behind texts", "Attention, causal and windowed",
                "16 texts together", "Profile", "Start-up of tiny",
            ],
            report.Split('\n').Where(line => line.StartsWith("## ", StringComparison.Ordinal)).Select(line => line[3..]));
        Assert.Contains("Nothing failed so far.", report, StringComparison.Ordinal);
        Assert.Contains("commit abc123", report, StringComparison.Ordinal);
        Assert.Contains(DateTime.UtcNow.Year.ToString(CultureInfo.InvariantCulture), report, StringComparison.Ordinal);
        Assert.Contains("\"name\":\"a card\"", report, StringComparison.Ordinal);
        Assert.Contains("Failed: 0 on opencl", report, StringComparison.Ordinal);
        Assert.Contains(
            "q8_0, \"Once upon a time\": 2 are the CPU's, then 9 where it has 3", report, StringComparison.Ordinal);
        Assert.DoesNotContain("The device is a CPU", report, StringComparison.Ordinal);
        string[] calls = File.ReadAllLines(_folder.File("bin/calls"));
        // llama.cpp beside prompts and decode.
        Assert.Equal(9, calls.Count(call => call.Contains($"--against {_folder.Path}", StringComparison.Ordinal)));
        Assert.Contains(calls, call => call.StartsWith("Mistral.Ilgpu.Kernels.Tests -class- ", StringComparison.Ordinal));
        Assert.Contains(calls, call => call.StartsWith("Mistral.Ilgpu.Tests -class ", StringComparison.Ordinal));
    }

    [Fact]
    public void Script_WhereAStepDiffersOrATestFails_GoesOnAndNamesWhatFailed()
    {
        var (exitCode, report) = Run(["--only", "kernels,steps,decode"], differs: "q4_0", failed: 1);
        Assert.Equal(1, exitCode);
        Assert.Contains(
            "**Failed:**\n\n- Kernels against float64\n- Steps beside the CPU's\n\n", report, StringComparison.Ordinal);
        Assert.Contains("steps of tiny, q4_0:\ndiffers, or failed\n", report, StringComparison.Ordinal);
        Assert.Contains("| model | q6_k |", report, StringComparison.Ordinal);
    }

    [Fact]
    public void Script_WhosePartIsCutOff_KeepsWhatItMeasuredUntilThen()
    {
        var (exitCode, report) = Run(["--only", "prompts", "--limit", "2"], hangs: "--model random:mistral-7b:q8_0");
        Assert.Equal(1, exitCode);
        Assert.Contains("- Prompts: out of time after 2 s", report, StringComparison.Ordinal);
        Assert.Contains("| model | bf16 |", report, StringComparison.Ordinal);
        Assert.DoesNotContain("| model | q8_0 |", report, StringComparison.Ordinal);
    }

    [Fact]
    public void Script_OnACpu_SaysThatNoGpuIsMeasured() => Assert.Contains(
        "**The device is a CPU: this tries the script, and measures no GPU.**",
        Run(["--only", "start", "--quick"], isGpu: false).Report, StringComparison.Ordinal);

    [Fact]
    public void Script_UnknownPart_IsRefused()
    {
        var (exitCode, _, error) = Start(["--only", "sass"], "none", "none", 0);
        Assert.Equal(2, exitCode);
        Assert.StartsWith("--only: found 'sass', expected some of kernels,models", error, StringComparison.Ordinal);
    }

    public void Dispose() => _folder.Dispose();

    private (int ExitCode, string Report) Run(
        string[] options, string differs = "none", string hangs = "none", int failed = 0, bool isGpu = true)
    {
        Assert.SkipWhen(OperatingSystem.IsWindows(), "the script is for bash");
        var bin = Directory.CreateDirectory(_folder.File("bin"));
        foreach (string program in new[] { "mistral", "Mistral.Ilgpu.Kernels.Tests", "Mistral.Ilgpu.Tests" })
        {
            string file = Path.Combine(bin.FullName, program);
            File.WriteAllText(file, Program.Replace("GPU", isGpu ? "true" : "false", StringComparison.Ordinal));
            if (!OperatingSystem.IsWindows())
            {
                File.SetUnixFileMode(file, UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute);
            }
        }

        File.WriteAllText(_folder.File("commit"), "abc123");
        var (exitCode, output, error) = Start(
            ["--published", _folder.Path, "--results", _folder.File("results"), .. options], differs, hangs, failed);
        string report = output.Trim();
        Assert.True(File.Exists(report), error);
        return (exitCode, File.ReadAllText(report));
    }

    private static (int ExitCode, string Output, string Error) Start(string[] options, string differs, string hangs, int failed)
    {
        Assert.SkipWhen(OperatingSystem.IsWindows(), "the script is for bash");
        var start = new ProcessStartInfo("bash", [Script, .. options])
        {
            RedirectStandardOutput = true, RedirectStandardError = true,
        };
        start.Environment["DIFFERS"] = differs;
        start.Environment["HANGS"] = hangs;
        start.Environment["FAILED"] = failed.ToString(CultureInfo.InvariantCulture);
        using var process = Process.Start(start)!;
        var error = process.StandardError.ReadToEndAsync();
        string output = process.StandardOutput.ReadToEnd();
        process.WaitForExit();
        return (process.ExitCode, output, error.Result);
    }
}
