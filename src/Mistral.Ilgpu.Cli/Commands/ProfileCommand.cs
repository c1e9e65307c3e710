using System.CommandLine;
using Mistral.Ilgpu.Cli.Loading;
using Mistral.Ilgpu.Cli.Options;
using Mistral.Ilgpu.Cli.Output;
using Mistral.Ilgpu.Diagnostics.Measurement;
using Mistral.Ilgpu.Diagnostics.Profiling;

namespace Mistral.Ilgpu.Cli.Commands;

/// <summary>
/// <c>mistral profile [PROMPT]</c>: times each step and compares it with the device's limits.
/// </summary>
internal static class ProfileCommand
{
    private const int DefaultPrompt = 256;
    private const int DefaultGenerated = 64;

    public static Command Create(Terminal terminal)
    {
        var prompts = new PromptOptions("PROMPT");
        var prefill = ValueOptions.Count(
            "-p", $"Tokens of a prompt instead of a text; {DefaultPrompt} if there is neither.", 1, aliases: "--prefill");
        var decode = ValueOptions.Count(
            "-n", $"Tokens that are generated; {DefaultGenerated} if not given.", 0, aliases: "--decode");
        var batch = ValueOptions.Count(
            "--batch", "Texts of the same prompt that are generated together, a token of each in a pass; 1 if not given.", 1);
        var trace = ValueOptions.Parsed(
            "--trace", "Writes the timeline in the Chrome trace format, for Perfetto.", "FILE.json", "a file", NotEmpty);
        var page = ValueOptions.Parsed(
            "--html", "Writes a page with the timeline, the roofline and the table.", "FILE.html", "a file", NotEmpty);
        var check = new Option<bool>("--check")
        {
            Description =
                "Times nothing, but runs each step on the device and on the CPU accelerator from the same inputs and "
                + "names the first that differs.",
        };
        var byLayer = new Option<bool>("--by-layer") { Description = "Lists each layer separately in the table." };
        var again = new Option<bool>("--remeasure") { Description = "Measures the device's limits again." };
        var model = new ModelSettingsOptions();
        var output = new OutputOptions();
        var command = new ExampleCommand(
            "profile", "Times every step of the graph, and compares each with the device's limits.",
            "mistral profile \"Once upon a time\" --html profile.html --trace profile.json",
            "mistral profile -m random:1b:q4_0 -p 256 -n 64 -d opencl",
            "mistral profile -m random:1b:q4_0 -p 16 --batch 16",
            "mistral profile --check -d cuda")
        {
            prefill, decode, batch, trace, page, check, byLayer, again,
        };
        prompts.AddTo(command);
        model.AddTo(command);
        output.AddTo(command);
        command.SetAction(parse =>
        {
            Prompts? given = prompts.IsGiven(parse) ? prompts.Read(parse, terminal) : null;
            int? tokens = parse.GetValue(prefill);
            if (given is { IsMany: true })
            {
                throw new UsageException("--input, expected one prompt to profile");
            }

            if (given is not null && tokens is not null)
            {
                throw new UsageException("-p with a prompt, expected one of them");
            }

            var files = new Files(parse.GetValue(trace), parse.GetValue(page));
            if (parse.GetValue(check) && files != new Files(null, null))
            {
                throw new UsageException("--check with --trace or --html, expected one of them: it times nothing");
            }

            int texts = parse.GetValue(batch) ?? 1;
            if (parse.GetValue(check) && texts > 1)
            {
                throw new UsageException("--check with --batch, expected one of them: it checks one text");
            }

            var settings = model.Read(parse);
            if (parse.GetValue(check))
            {
                return Check(
                    given, tokens ?? DefaultPrompt, parse.GetValue(decode) ?? DefaultGenerated,
                    settings, output.Narrator(parse, terminal), output.IsJson(parse));
            }

            return Run(
                given, tokens ?? DefaultPrompt, parse.GetValue(decode) ?? DefaultGenerated, texts,
                files, parse.GetValue(byLayer), parse.GetValue(again),
                settings with { Options = settings.Options with { Sequences = texts } },
                output.Narrator(parse, terminal), output.IsJson(parse));
        });
        return command;

        static string? NotEmpty(string text) => text.Length > 0 ? text : null;
    }

    private static int Run(
        Prompts? given, int tokens, int generated, int texts, Files files, bool byLayer,
        bool again, ModelSettings settings, Narrator narrator, bool isJson)
    {
        using var trace = OutputFile.OpenIfGiven("--trace", files.Trace);
        using var page = OutputFile.OpenIfGiven("--html", files.Page);
        using var interrupts = new Interrupts(narrator.Terminal);
        using var loaded = LoadedModel.Open(settings, narrator, interrupts.Token, timed: true);
        int[] prompt = Prompt(given, tokens, loaded);
        var limits = ModelLimits.Of(loaded.Model, again);
        foreach (var (device, limit) in limits.Devices)
        {
            string where = limits.Devices.Count == 1 ? "" : $"on {device} ";
            narrator.Say(
                $"{where}a copy reaches {limit.BytesPerSecond / 1e9:0.0} GB/s, the best product {
                    limit.OperationsPerSecond / 1e9:0.0} GFLOP/s");
        }

        var profile = new Profiler(loaded.Model).Run(prompt, generated, texts, interrupts.Token);
        string together = texts == 1 ? "" : $", {texts} texts together";
        string title =
            $"{loaded.Checkpoint.Name} on {loaded.Devices.Name}, {prompt.Length} + {generated} tokens{together}";
        trace?.Write(file => Json.WriteLine(file, json => ProfileTrace.Write(json, profile, title)));
        page?.Write(file => file.Write(ProfilePage.Html(title, profile, limits, byLayer)));
        if (isJson)
        {
            Json.WriteLine(narrator.Terminal.Out, json => ProfileJson.Write(json, profile, limits, loaded, byLayer));
        }
        else
        {
            TextTable.Write(narrator.Terminal, ProfileTable.Headings, ProfileTable.Rows(profile, limits, byLayer));
        }

        narrator.Say($"{ProfileTable.Summary(profile)}");
        return ExitCode.Done;
    }

    private static int Check(Prompts? given, int tokens, int generated, ModelSettings settings, Narrator narrator, bool isJson)
    {
        using var interrupts = new Interrupts(narrator.Terminal);
        using var loaded = LoadedModel.Open(settings, narrator, interrupts.Token);
        // Options that were fitted to the device's memory must be the same for the reference.
        var options = loaded.Model.Options with { Chunk = loaded.Model.Chunk };
        using var reference = LoadedModel.Open(
            settings with { Device = "cpu", Memory = null, Options = options }, narrator, interrupts.Token);
        var result = new StepCheck(loaded.Model, reference.Model).Run(Prompt(given, tokens, loaded), generated, interrupts.Token);
        if (isJson)
        {
            Json.WriteLine(narrator.Terminal.Out, json => StepCheckOutput.Write(json, result, loaded));
        }
        else
        {
            StepCheckOutput.WriteTable(narrator.Terminal, result);
        }

        if (result.First is null)
        {
            narrator.Say($"{result.Passes} passes on {loaded.Devices.Id} agree with the CPU accelerator, step by step");
            return ExitCode.Done;
        }

        narrator.Terminal.Error.WriteLine($"mistral: {StepCheckOutput.Text(result.First, loaded.Devices)}");
        return ExitCode.Device;
    }

    private static int[] Prompt(Prompts? given, int tokens, LoadedModel loaded) =>
        given?.Encode(loaded.Checkpoint.Tokenizer, loaded.Model.Config.VocabularySize).Single() ?? new int[tokens];

    private sealed record Files(string? Trace, string? Page);
}
