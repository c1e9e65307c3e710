using System.Diagnostics;
using System.Globalization;
using System.Text.Json;
using System.Text.RegularExpressions;
using Mistral.Ilgpu.Cli.Output;
using Mistral.Ilgpu.Execution.Compilation;

namespace Mistral.Ilgpu.Cli.Benchmarks;

/// <summary>
/// Measures llama.cpp with the same file, by its own llama-bench or by a small harness that calls its library.
/// </summary>
internal sealed partial class LlamaCpp
{
    private const string Bench = "llama-bench";
    private const string Harness = "peer";

    private readonly string _program;
    private readonly bool _isBench;

    private LlamaCpp(string program) => (_program, _isBench) = (program, Path.GetFileNameWithoutExtension(program) == Bench);

    public static string Name => "llama.cpp";

    /// <summary>
    /// Finds a program in a folder: llama-bench, the harness <c>peer</c>, or <c>setup.sh</c>, which then builds the harness.
    /// </summary>
    /// <exception cref="UsageException">The folder has none of them, or the harness cannot be built.</exception>
    public static LlamaCpp Find(string folder, Narrator narrator)
    {
        string[] places = [folder, Path.Combine(folder, "bin"), Path.Combine(folder, "build", "bin")];
        string[] names = OperatingSystem.IsWindows() ? [$"{Bench}.exe", $"{Harness}.exe"] : [Bench, Harness];
        if (places
            .SelectMany(place => names.Select(name => Path.Combine(place, name)))
            .FirstOrDefault(File.Exists) is { } program)
        {
            return new LlamaCpp(program);
        }

        string setup = Path.Combine(folder, "setup.sh");
        if (!File.Exists(setup))
        {
            throw new UsageException(
                $"--against: found neither {Bench} nor {Harness} nor setup.sh in '{folder}', expected one of them");
        }

        string built = Path.Combine(UserCache.Folder, "llama.cpp");
        program = Path.Combine(built, Harness);
        if (!File.Exists(program))
        {
            narrator.Say($"building llama.cpp's harness in {built}");
            Run("bash", [setup, built], new Dictionary<string, string>(), CancellationToken.None);
        }

        return new LlamaCpp(program);
    }

    /// <exception cref="UsageException">The program cannot run one of the tests.</exception>
    public void Require(IEnumerable<BenchTest> tests)
    {
        if (tests.Any(test => test.Texts > 1))
        {
            throw new UsageException("--batch: found several texts together with --against, which measures one at a time");
        }

        if (!_isBench && tests.Any(test => test.Depth > 0))
        {
            throw new UsageException($"-d: found a depth with the harness '{_program}', expected {Bench} for that");
        }
    }

    /// <summary>Tokens per second of one run, after a run that warms up.</summary>
    public double Measure(string model, BenchTest test, int threads, bool onGpu, CancellationToken cancellation)
    {
        string output = _isBench
            ? Run(
                _program,
                [
                    "-m", model, "-p", test.IsPrefill ? Text(test.Tokens) : "0",
                    "-n", test.IsPrefill ? "0" : Text(test.Tokens), "-d", Text(test.Depth),
                    "-t", Text(threads), "-ngl", onGpu ? "99" : "0", "-r", "1", "-o", "json",
                ],
                new Dictionary<string, string>(),
                cancellation)
            : Run(
                _program,
                [
                    "bench", model, test.IsPrefill ? Text(test.Tokens) : "1",
                    test.IsPrefill ? "0" : Text(test.Tokens), "1", Text(threads)
                ],
                new Dictionary<string, string> { ["LLAMA_LIBS"] = Libraries(), ["NCTX"] = Text(Math.Max(512, test.Tokens + 1)) },
                cancellation);
        double? speed = _isBench ? SpeedOfBench(output) : SpeedOfHarness(output, test.Name);
        return speed is > 0
            ? speed.Value
            : throw new UsageException(
                $"--against: '{_program}' printed '{output.Trim().ReplaceLineEndings(" ")}', expected a speed of {test.Name}");
    }

    private static double? SpeedOfBench(string output)
    {
        try
        {
            using var json = JsonDocument.Parse(output);
            return json.RootElement[0].GetProperty("avg_ts").GetDouble();
        }
        catch (Exception exception)
            when (exception is JsonException or KeyNotFoundException or InvalidOperationException or IndexOutOfRangeException)
        {
            return null;
        }
    }

    private static double? SpeedOfHarness(string output, string test) => HarnessSpeed().Matches(output)
        .Where(match => match.Groups["test"].Value == test)
        .Select(match => (double?)double.Parse(match.Groups["speed"].ValueSpan, CultureInfo.InvariantCulture))
        .FirstOrDefault();

    // The harness loads llama.cpp's back ends from the folder in which its package stores them.
    private string Libraries()
    {
        if (Environment.GetEnvironmentVariable("LLAMA_LIBS") is { Length: > 0 } given)
        {
            return given;
        }

        string packages = Path.Combine(Path.GetDirectoryName(Path.GetFullPath(_program))!, "node_modules", "@node-llama-cpp");
        return Directory.Exists(packages)
            ? Directory.EnumerateFiles(packages, "libggml-base.*", SearchOption.AllDirectories)
                .Select(file => Path.GetDirectoryName(file)!)
                .FirstOrDefault("")
            : "";
    }

    private static string Run(
        string program, string[] arguments, Dictionary<string, string> environment, CancellationToken cancellation)
    {
        var start = new ProcessStartInfo(program, arguments) { RedirectStandardOutput = true, RedirectStandardError = true };
        foreach (var (name, value) in environment)
        {
            start.Environment[name] = value;
        }

        try
        {
            using var process = Process.Start(start)!;
            using var registration = cancellation.Register(process.Kill);
            var error = process.StandardError.ReadToEndAsync(CancellationToken.None);
            string output = process.StandardOutput.ReadToEnd();
            process.WaitForExit();
            cancellation.ThrowIfCancellationRequested();
            return process.ExitCode == 0
                ? output
                : throw new UsageException(
                    $"--against: '{program}' ended with {process.ExitCode}: {error.Result.Trim().Split('\n')[^1]}");
        }
        catch (Exception exception) when (exception is System.ComponentModel.Win32Exception or InvalidOperationException)
        {
            throw new UsageException($"--against: '{program}' does not start: {exception.Message}");
        }
    }

    private static string Text(int value) => value.ToString(CultureInfo.InvariantCulture);

    [GeneratedRegex(@"(?<test>(pp|tg)\d+) mean (?<speed>[0-9.]+)")]
    private static partial Regex HarnessSpeed();
}
