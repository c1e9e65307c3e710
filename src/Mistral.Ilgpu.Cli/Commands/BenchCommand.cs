using System.CommandLine;
using System.Globalization;
using System.Text.Json;
using Mistral.Ilgpu.Cli.Benchmarks;
using Mistral.Ilgpu.Cli.Loading;
using Mistral.Ilgpu.Cli.Options;

namespace Mistral.Ilgpu.Cli.Commands;

/// <summary>
/// <c>mistral bench</c>: measures the speed of prompts and generation by llama-bench's protocol, and compares it with llama.cpp.
/// </summary>
internal static class BenchCommand
{
    public static Command Create(Terminal terminal)
    {
        var prompt = ValueOptions.Counts("-p", "Tokens of a prompt that is read; 512 if not given, 0 for none.", 0);
        var generated = ValueOptions.Counts("-n", "Tokens that are generated; 128 if not given, 0 for none.", 0);
        var depth = ValueOptions.Counts("-d", "Tokens of text before them; 0 if not given.", 0);
        var batch = ValueOptions.Counts(
            "--batch", "Texts that are generated together, a token of each in a pass; 1 if not given.", 1);
        var repetitions = ValueOptions.Count("-r", "Repetitions after one that warms up; 3 if not given.", 1);
        var against = ValueOptions.Parsed(
            "--against",
            "Measures llama.cpp in turns on the same file: a folder with llama-bench, or with a harness for its library.",
            "DIR", "a folder", text => text.Length > 0 ? text : null);
        var model = new ModelSettingsOptions(many: true);
        var output = new OutputOptions("markdown", "csv");
        var command = new ExampleCommand(
            "bench", "Measures how fast models read prompts (pp) and generate (tg), in tokens per second.",
            "mistral bench -m random:250m:q8_0 -p 512 -n 128 -d 0,4096",
            "mistral bench -m model.gguf --device cuda --batch 1,8,32",
            "mistral bench -m model.gguf --against ~/llama.cpp/build/bin")
        {
            prompt, generated, depth, batch, repetitions, against,
        };
        model.AddTo(command);
        output.AddTo(command);
        command.Subcommands.Add(BenchAttentionCommand.Create(terminal));
        command.Subcommands.Add(BenchLoadCommand.Create(terminal));
        command.SetAction(parse =>
        {
            var tests = Tests(
                parse.GetIds(prompt) ?? [512],
                parse.GetIds(generated) ?? [128],
                parse.GetIds(depth) ?? [0],
                parse.GetIds(batch) ?? [1]);
            var narrator = output.Narrator(parse, terminal);
            var settings = model.ReadAll(parse);
            using var interrupts = new Interrupts(terminal);
            var peer = parse.GetValue(against) is { } folder ? LlamaCpp.Find(folder, narrator) : null;
            var run = new ModelBenchRun(tests, parse.GetValue(repetitions) ?? 3, peer, narrator, interrupts.Token);
            BenchTable.Write(
                terminal,
                settings.Select(one => one.Threads).Distinct().Count() > 1
                    ? EachInItsProcess(parse, settings)
                    : [.. settings.SelectMany(run.Run)],
                output.Format(parse));
            return ExitCode.Done;
        });
        return command;
    }

    private static List<BenchTest> Tests(int[] prompts, int[] generated, int[] depths, int[] batches)
    {
        List<BenchTest> tests =
        [
            .. from depth in depths
               from test in prompts.Select(tokens => new BenchTest(true, tokens, depth))
                   .Concat(generated.SelectMany(tokens => batches.Select(texts => new BenchTest(false, tokens, depth, texts))))
               where test.Tokens > 0
               select test,
        ];
        return tests.Count > 0 ? tests : throw new UsageException("-p and -n: found 0 tokens, expected something to measure");
    }

    // OpenCL on a CPU reads its number of threads only once in a process.
    private static List<BenchResult> EachInItsProcess(ParseResult parse, IEnumerable<ModelSettings> settings) =>
    [
        .. settings.Select(one => one.Threads!.Value).Distinct()
            .SelectMany(threads => JsonSerializer.Deserialize<List<BenchResult>>(
                ChildProcess.Run(parse, ("--threads", threads.ToString(CultureInfo.InvariantCulture)), ("--format", "json")),
                BenchResult.JsonOptions)!),
    ];
}
