using System.CommandLine;
using System.Globalization;
using Mistral.Ilgpu.Checkpoints;
using Mistral.Ilgpu.Cli.Options;
using Mistral.Ilgpu.Cli.Output;
using Mistral.Ilgpu.Execution;
using Mistral.Ilgpu.Measurement;
using Mistral.Ilgpu.Model;

namespace Mistral.Ilgpu.Cli.Commands;

/// <summary><c>mistral bench</c>: how fast a model reads and writes, by llama-bench's protocol.</summary>
internal static class BenchCommand
{
    public static Command Create(Terminal terminal)
    {
        var prompt = ValueOptions.Counts("-p", "Tokens of a prompt that is read; 512 if not given, 0 for none.", 0);
        var generated = ValueOptions.Counts("-n", "Tokens that are generated; 128 if not given, 0 for none.", 0);
        var depth = ValueOptions.Counts("-d", "Tokens of text before them; 0 if not given.", 0);
        var repetitions = ValueOptions.Count("-r", "Repetitions after one that warms up; 3 if not given.", 1);
        var model = new ModelSettingsOptions();
        var output = new OutputOptions();
        var command = new Command("bench", "Measures how fast a model reads prompts (pp) and generates (tg), in tokens per second.")
        {
            prompt, generated, depth, repetitions,
        };
        model.AddTo(command);
        output.AddTo(command);
        command.Subcommands.Add(BenchAttentionCommand.Create(terminal));
        command.SetAction(parse =>
        {
            var tests = Tests(parse.GetIds(prompt) ?? [512], parse.GetIds(generated) ?? [128], parse.GetIds(depth) ?? [0]);
            return Run(tests, parse.GetValue(repetitions) ?? 3, model.Read(parse), output.Narrator(parse, terminal), output.IsJson(parse));
        });
        return command;
    }

    private static List<Test> Tests(int[] prompts, int[] generated, int[] depths) =>
    [
        .. from depth in depths
           from test in prompts.Select(tokens => new Test(IsPrefill: true, tokens, depth)).Concat(generated.Select(tokens => new Test(IsPrefill: false, tokens, depth)))
           where test.Tokens > 0
           select test,
    ];

    private static int Run(List<Test> tests, int repetitions, ModelSettings settings, Narrator narrator, bool isJson)
    {
        if (tests.Count == 0)
        {
            throw new UsageException("-p and -n: found 0 tokens, expected something to measure");
        }

        using var interrupts = new Interrupts();
        // A model without a window needs room for the longest text.
        int longest = tests.Max(test => test.Depth + test.Tokens);
        using (var checkpoint = Checkpoint.Open(settings.Model))
        {
            if (MistralModel.ContextOf(settings.Options.Adapt(checkpoint.Config), settings.Options) < longest && settings.Options.Context is null)
            {
                settings = settings with { Options = settings.Options with { Context = longest } };
            }
        }

        using var loaded = LoadedModel.Open(settings, narrator, allLogits: false, interrupts.Token);
        double bandwidth = CopyBandwidth.Measure(loaded.Device);
        narrator.Say($"a copy reaches {bandwidth / 1e9:0.0} GB/s");
        var bench = new ModelBench(loaded.Model);
        var results = new List<Result>();
        foreach (var test in tests)
        {
            var samples = new List<BenchSample>();
            for (int i = 0; i <= repetitions; i++)
            {
                interrupts.Token.ThrowIfCancellationRequested();
                var sample = test.IsPrefill ? bench.Prefill(test.Tokens, test.Depth) : bench.Decode(test.Tokens, test.Depth);
                if (i > 0)
                {
                    samples.Add(sample);
                }
            }

            results.Add(new Result(test, samples, bandwidth));
            narrator.Say($"{test.Name} at depth {test.Depth}: {results[^1].Mean:0.0} ± {results[^1].Deviation:0.0} tokens/s");
        }

        if (isJson)
        {
            WriteJson(results, settings, loaded, narrator.Terminal.Out);
        }
        else
        {
            WriteTable(results, settings, loaded, narrator.Terminal);
        }

        return ExitCode.Done;
    }

    private static void WriteTable(List<Result> results, ModelSettings settings, LoadedModel loaded, Terminal terminal) => TextTable.Write(
        terminal,
        ["model", "params", "type", "device", "test", "depth", "tokens/s", "best", "GB/s", "of the copy"],
        results.Select(result => (IReadOnlyList<string>)
        [
            loaded.Checkpoint.Name, Millions(Parameters(loaded)), TypeName(settings, loaded), loaded.Device.Info.Id, result.Test.Name, Text($"{result.Test.Depth}"),
            Text($"{result.Mean:0.0} ± {result.Deviation:0.0}"), Text($"{result.Best:0.0}"), Text($"{result.BytesPerSecond / 1e9:0.0}"),
            result.LimitFraction is { } fraction ? Text($"{fraction:0 %}") : "-",
        ]));

    private static void WriteJson(List<Result> results, ModelSettings settings, LoadedModel loaded, TextWriter output) => Json.WriteLine(output, json =>
    {
        json.WriteStartArray();
        foreach (var result in results)
        {
            json.WriteStartObject();
            json.WriteString("model", loaded.Checkpoint.Name);
            json.WriteNumber("params", Parameters(loaded));
            json.WriteString("type", TypeName(settings, loaded));
            json.WriteString("device", loaded.Device.Info.Id);
            json.WriteOptional("threads", loaded.Device.Info.IsGpu ? null : settings.Threads ?? Environment.ProcessorCount);
            json.WriteString("test", result.Test.Name);
            json.WriteNumber("depth", result.Test.Depth);
            json.WriteStartObject("tokens_per_second");
            json.WriteNumber("mean", Math.Round(result.Mean, 3));
            json.WriteNumber("sd", Math.Round(result.Deviation, 3));
            json.WriteNumber("best", Math.Round(result.Best, 3));
            json.WriteEndObject();
            json.WriteNumber("gb_per_second", Math.Round(result.BytesPerSecond / 1e9, 3));
            json.WriteOptional("limit_fraction", result.LimitFraction is { } fraction ? Math.Round(fraction, 4) : null);
            json.WriteEndObject();
        }

        json.WriteEndArray();
    });

    private static long Parameters(LoadedModel loaded) => loaded.Checkpoint.Tensors.Values.Sum(tensor => (long)tensor.Rows * tensor.Columns);

    // The type of most of the weights.
    private static string TypeName(ModelSettings settings, LoadedModel loaded) => loaded.Checkpoint.Tensors.Values
        .GroupBy(tensor => tensor.FormatAs(settings.Options.WeightType))
        .MaxBy(group => group.Sum(tensor => (long)tensor.Rows * tensor.Columns))!.Key.ShortName();

    private static string Millions(long count) => Text($"{count / 1e6:0.0} M");

    private static string Text(FormattableString text) => text.ToString(CultureInfo.InvariantCulture);

    private sealed record Test(bool IsPrefill, int Tokens, int Depth)
    {
        public string Name => Text($"{(IsPrefill ? "pp" : "tg")}{Tokens}");
    }

    private sealed record Result(Test Test, List<BenchSample> Samples, double Bandwidth)
    {
        public double Mean => Samples.Average(sample => sample.TokensPerSecond);

        public double Deviation => Samples.Count < 2
            ? 0
            : Math.Sqrt(Samples.Sum(sample => Math.Pow(sample.TokensPerSecond - Mean, 2)) / (Samples.Count - 1));

        public double Best => Samples.Max(sample => sample.TokensPerSecond);

        public double BytesPerSecond => Samples.Average(sample => sample.BytesPerSecond);

        /// <summary>Of the copy's bandwidth, for what bandwidth limits: generation. Prompts are limited by operations.</summary>
        public double? LimitFraction => Test.IsPrefill ? null : BytesPerSecond / Bandwidth;
    }
}
