using System.CommandLine;
using Mistral.Ilgpu.Cli.Options;
using Mistral.Ilgpu.Cli.Output;
using Mistral.Ilgpu.Generation;

namespace Mistral.Ilgpu.Cli.Commands;

/// <summary><c>mistral generate [PROMPT]</c>: continues the text.</summary>
internal static class GenerateCommand
{
    private const int MaxTokens = 256;
    private const int DefaultBatch = 8;
    private const int MostBatch = 1024;

    public static Command Create(Terminal terminal)
    {
        var prompts = new PromptOptions("PROMPT");
        var generation = new GenerationSettingsOptions(MaxTokens);
        var model = new ModelSettingsOptions();
        var output = new OutputOptions();
        var batch = ValueOptions.Count(
            "--batch", $"Most texts of --input at once; {DefaultBatch} if not given, fewer where memory is short.", 1, MostBatch);
        var results = ValueOptions.Parsed(
            "--output", "Where the results of --input go; those it has already, from a run that was interrupted, are kept.", "FILE.jsonl", "a file",
            text => text.Length > 0 ? text : null);
        var command = new Command("generate", "Continues the text; what is added goes to standard output as it is made.");
        prompts.AddTo(command);
        command.Options.Add(batch);
        command.Options.Add(results);
        generation.AddTo(command);
        model.AddTo(command);
        output.AddTo(command);
        command.SetAction(parse =>
        {
            var given = prompts.Read(parse, terminal);
            var (settings, narrator) = (model.Read(parse), output.Narrator(parse, terminal));
            if (given.IsMany)
            {
                int atOnce = Math.Min(parse.GetValue(batch) ?? DefaultBatch, Math.Max(1, given.Texts.Count));
                settings = settings with { Options = settings.Options with { Sequences = atOnce } };
                return RunMany(given, generation.Read(parse), settings, narrator, parse.GetValue(results));
            }

            if (parse.GetResult(batch) is not null || parse.GetResult(results) is not null)
            {
                throw new UsageException("--batch or --output without --input, expected them together");
            }

            return Run(given, generation.Read(parse), settings, narrator, output.IsJson(parse));
        });
        return command;
    }

    private static int Run(Prompts prompts, GenerationOptions options, ModelSettings settings, Narrator narrator, bool isJson)
    {
        using var interrupts = new Interrupts(narrator.Terminal);
        using var loaded = LoadedModel.Open(settings, narrator, allLogits: false, interrupts.Token);
        int[] prompt = prompts.Encode(loaded.Checkpoint.Tokenizer, loaded.Model.Config.VocabularySize).Single();
        var generation = new Generator(loaded.Text, loaded.Checkpoint.Tokenizer).Start(prompt, options);
        Continue(generation, narrator.Terminal.Out, isJson, interrupts.Token);
        if (isJson)
        {
            Json.WriteLine(narrator.Terminal.Out, json => GenerationJson.Write(json, generation, loaded));
        }

        narrator.Say($"{Narrator.Summary(generation)}");
        narrator.Detail($"seed {options.Sampling.Seed}");
        return generation.FinishReason == FinishReason.Cancelled ? ExitCode.Interrupted : ExitCode.Done;
    }

    private static int RunMany(Prompts prompts, GenerationOptions options, ModelSettings settings, Narrator narrator, string? output)
    {
        using var interrupts = new Interrupts(narrator.Terminal);
        using var loaded = LoadedModel.Open(settings, narrator, allLogits: false, interrupts.Token);
        var encoded = prompts.Encode(loaded.Checkpoint.Tokenizer, loaded.Model.Config.VocabularySize);
        narrator.Detail($"seed {options.Sampling.Seed}");
        return new GenerateMany(loaded, options, narrator).Run(encoded, output, interrupts.Token);
    }

    private static void Continue(Generation.Generation generation, TextWriter output, bool isJson, CancellationToken cancellation)
    {
        foreach (var token in generation.Run(cancellation))
        {
            if (!isJson && token.Text.Length > 0)
            {
                output.Write(token.Text);
                output.Flush();
            }
        }

        if (!isJson)
        {
            output.Write('\n');
            output.Flush();
        }
    }
}
