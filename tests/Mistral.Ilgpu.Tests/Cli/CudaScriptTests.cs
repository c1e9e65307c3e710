using System.Diagnostics;
using System.Globalization;
using System.Text.RegularExpressions;
using Xunit;

namespace Mistral.Ilgpu.Tests.Cli;

/// <summary><c>perf/cuda</c> with a stand-in for the program: its calls, and what it makes of the results.</summary>
public sealed partial class CudaScriptTests : IDisposable
{
    // Other tokens than the CPU's in q8_0, a step that differs in $DIFFERS, a bench that does not end in $HANGS.
    private const string Program = """
        #!/usr/bin/env bash
        echo "$*" >>"$0.calls"
        case "$*" in
          *" $HANGS"*) sleep 60 ;;
        esac
        case $1 in
          devices) echo '{"devices":[{"id":"cuda:0","architecture":"sm_90"},{"id":"cpu","architecture":null}]}' ;;
          kernels) echo "9 forms for $4" ;;
          generate) case "$*" in *cuda*q8_0*) echo '{"ids":[1,2,9]}' ;; *) echo '{"ids":[1,2,3]}' ;; esac ;;
          profile) case "$*" in *"$DIFFERS") echo "swiglu differs" >&2; exit 3 ;; esac ;;
          bench)
            echo "model,params,type,device,test,depth,batch,mean,sd,limit_fraction,x,y,z"
            echo "m,7,$(sed 's/.*--model [^ ]*:\([a-z0-9_]*\) .*/\1/' <<<"$*"),cuda,tg,512,1,200,1,0.9,1,2,3" ;;
        esac
        """;

    private static readonly string Script = Path.Combine(Repository.Root, "perf", "cuda");

    private readonly TemporaryFolder _folder = new();

    private static string[] Calls => ["ptxas,tokens,early,warpgroups", "decode,types,prompts"];

    [Fact]
    public void Script_WithoutParts_DoesTheSevenInOrderAndReportsOtherTokensWithoutFailing()
    {
        var (exitCode, report) = Run([]);
        Assert.Equal(0, exitCode);
        Assert.Contains("q8_0, \"Once upon a time\": 2 are the CPU's, then 9 where it has 3", report, StringComparison.Ordinal);
        Assert.Contains("9 forms for sm_90", report, StringComparison.Ordinal);
        Assert.Equal(
            [
                "Every form by this machine's ptxas", "Tokens and steps beside the CPU's", "Decode with and without kernels",
                "Prompts by warpgroups and without", "Decode behind texts", "Decode of other types", "Prompts",
            ],
            report.Split('\n').Where(line => line.StartsWith("## ", StringComparison.Ordinal))
                .Select(line => line[3..].Split(" that begin")[0]));
        Assert.Contains("| decode, q4_k: part of a copy's bandwidth | 0.9 | ≥ 0.7 | met |", report, StringComparison.Ordinal);
    }

    [Fact]
    public void Script_WhereAStepDiffers_FailsAndSaysWhich()
    {
        var (exitCode, report) = Run(["--only", "tokens"], differs: "q4_0");
        Assert.Equal(1, exitCode);
        Assert.Contains("**Failed:**", report, StringComparison.Ordinal);
        Assert.Contains("steps of tiny, q4_0:\ndiffers, or failed\n", report, StringComparison.Ordinal);
    }

    [Fact]
    public void Script_WhosePartIsCutOff_KeepsWhatItMeasuredUntilThen()
    {
        var (exitCode, report) = Run(["--only", "types", "--limit", "2"], hangs: "--model random:mistral-7b:q4_k");
        Assert.Equal(1, exitCode);
        Assert.Contains("out of time after 2 s", report, StringComparison.Ordinal);
        Assert.Contains("| m | 7 | q4_0 | cuda |", report, StringComparison.Ordinal);
        Assert.DoesNotContain("| m | 7 | q4_k |", report, StringComparison.Ordinal);
    }

    [Fact]
    public void Script_ItsLimits_FitTwoCallsOfTenMinutes()
    {
        string script = File.ReadAllText(Script);
        var limits = Limit().Matches(script).ToDictionary(
            match => match.Groups["part"].Value, match => int.Parse(match.Groups["seconds"].ValueSpan, CultureInfo.InvariantCulture));
        Assert.All(Calls, call =>
        {
            Assert.Contains($"--only {call} ", script, StringComparison.Ordinal);
            Assert.InRange(call.Split(',').Sum(part => limits[part]), 1, 570);
        });
    }

    public void Dispose() => _folder.Dispose();

    private (int ExitCode, string Report) Run(string[] options, string differs = "none", string hangs = "none")
    {
        Assert.SkipWhen(OperatingSystem.IsWindows(), "the script is for bash");
        var bin = Directory.CreateDirectory(_folder.File("bin"));
        Write(Path.Combine(bin.FullName, "mistral"), Program);
        Write(Path.Combine(bin.FullName, "ptxas"), "#!/bin/sh\n");
        File.WriteAllText(_folder.File("commit"), "none");
        var start = new ProcessStartInfo(
            "bash", [Script, "--published", _folder.Path, "--results", _folder.File("results"), .. options])
        {
            RedirectStandardOutput = true, RedirectStandardError = true,
        };
        start.Environment["PATH"] = bin.FullName + Path.PathSeparator + start.Environment["PATH"];
        start.Environment["DIFFERS"] = differs;
        start.Environment["HANGS"] = hangs;
        using var process = Process.Start(start)!;
        var error = process.StandardError.ReadToEndAsync();
        string report = process.StandardOutput.ReadToEnd().Trim();
        process.WaitForExit();
        Assert.True(File.Exists(report), error.Result);
        return (process.ExitCode, File.ReadAllText(report));
    }

    private static void Write(string file, string text)
    {
        File.WriteAllText(file, text);
        if (!OperatingSystem.IsWindows())
        {
            File.SetUnixFileMode(file, UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute);
        }
    }

    [GeneratedRegex(@"\[(?<part>[a-z]+)\]=(?<seconds>\d+)")]
    private static partial Regex Limit();
}
