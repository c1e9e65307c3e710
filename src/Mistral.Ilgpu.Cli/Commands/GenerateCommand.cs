using System.CommandLine;
using System.Text.Json.Nodes;
using Mistral.Ilgpu.Checkpoints;
using Mistral.Ilgpu.Cli.Loading;
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
        var chat = ChatFileOption.Create();
        var system = ChatCommand.SystemOption();
        var generation = new GenerationSettingsOptions(MaxTokens);
        var model = new ModelSettingsOptions();
        var output = new OutputOptions();
        var batch = ValueOptions.Count(
            "--batch",
            $"The most texts of --input at once; if not given {DefaultBatch}, or {
                ModelOptions.DefaultStreamedSequences} where layers are streamed; fewer if memory is short.",
            1, MostBatch);
        var results = ValueOptions.Parsed(
            "--output", "The file for the results of --input; results that it has from an interrupted run are kept.",
            "FILE.jsonl", "a file", text => text.Length > 0 ? text : null).Short("-o");
        var command = new ExampleCommand(
            "generate", "Continues the text; the continuation is written to standard output as it is generated.",
            "mistral generate \"Once upon a time\" -n 100",
            "mistral generate -m model.gguf -t 0.8 --top-p 0.95 --seed 7 < prompt.txt",
            "mistral generate -m folder --chat conversation.json --system \"Answer in one sentence.\"",
            "mistral generate -i prompts.jsonl --batch 16 -o results.jsonl     # again to resume after an interruption");
        prompts.AddTo(command);
        command.Options.Add(chat);
        command.Options.Add(system);
        command.Options.Add(batch);
        command.Options.Add(results);
        generation.AddTo(command);
        model.AddTo(command);
        output.AddTo(command);
        command.SetAction(parse =>
        {
            var (settings, narrator) = (model.Read(parse), output.Narrator(parse, terminal));
            var options = generation.Read(parse, narrator);
            bool isMany = prompts.IsMany(parse);
            if (!isMany && (parse.GetResult(batch) is not null || parse.GetResult(results) is not null))
            {
                throw new UsageException("--batch or --output without --input, expected them together");
            }

            if (parse.GetValue(chat) is { } file)
            {
                if (prompts.IsGiven(parse))
                {
                    throw new UsageException("--chat with PROMPT, --prompt-ids, --input or --suffix, expected one of them");
                }

                var conversation = ChatFileOption.Read(file, parse.GetValue(system));
                return Run(
                    loaded => conversation.Encode(loaded.Checkpoint.Tokenizer), conversation.StartsAnswer,
                    options, settings, narrator, output.IsJson(parse));
            }

            if (parse.GetValue(system) is not null)
            {
                throw new UsageException("--system without --chat, expected them together; the chat command takes it alone");
            }

            var given = prompts.Read(parse, terminal);
            if (isMany)
            {
                int most = Math.Max(1, given.Texts.Count);
                int? asked = parse.GetValue(batch);
                settings = settings with
                {
                    Options = settings.Options with
                    {
                        Sequences = Math.Min(asked ?? DefaultBatch, most),
                        StreamedSequences = Math.Min(asked ?? ModelOptions.DefaultStreamedSequences, most),
                    },
                };
                return RunMany(given, options, generation.HasSeed(parse), settings, narrator, parse.GetValue(results));
            }

            return Run(
                loaded => given.Encode(loaded.Checkpoint.Tokenizer, loaded.Model.Config.VocabularySize).Single(),
                startsText: false, options, settings, narrator, output.IsJson(parse));
        });
        return command;
    }

    private static int Run(
        Func<LoadedModel, int[]> encode, bool startsText, GenerationOptions options,
        ModelSettings settings, Narrator narrator, bool isJson)
    {
        using var interrupts = new Interrupts(narrator.Terminal);
        // The text needs each layer when it gets there, and not before.
        settings = settings with { Options = settings.Options with { Arrives = true } };
        using var loaded = LoadedModel.Open(settings, narrator, interrupts.Token);
        var output = narrator.Terminal.Out;
        var request = new TextRequest(encode(loaded)) { Options = options, StartsText = startsText };
        var text = loaded.Generate(request, narrator, Write, interrupts.Token);
        if (isJson)
        {
            Json.WriteLine(output, json => GenerationJson.Write(json, text, loaded, settings: null));
        }
        else
        {
            output.Write('\n');
            output.Flush();
        }

        narrator.Say($"{Narrator.Summary(text)}");
        narrator.Detail($"seed {text.Seed}");
        return text.FinishReason == FinishReason.Cancelled ? ExitCode.Interrupted : ExitCode.Done;

        void Write(GeneratedToken token)
        {
            if (!isJson && token.Text.Length > 0)
            {
                output.Write(token.Text);
                output.Flush();
            }
        }
    }

    private static int RunMany(
        Prompts prompts, GenerationOptions options, bool hasSeed, ModelSettings settings, Narrator narrator, string? output)
    {
        using var interrupts = new Interrupts(narrator.Terminal);
        if (output is null)
        {
            using var loaded = Open();
            var ids = prompts.Encode(loaded.Checkpoint.Tokenizer, loaded.Model.Config.VocabularySize);
            return new GenerateMany(loaded, options, narrator, settings: null).Run(
                ids, 0, 0, narrator.Terminal.Out, interrupts.Token);
        }

        // Validates the whole file before the weights are loaded.
        var file = new ResultFile(output);
        options = !hasSeed && file.Seed is { } seed ? options with { Sampling = options.Sampling with { Seed = seed } } : options;
        var (encoded, made) = Describe(prompts, options, settings);
        file.Require(encoded, made);
        if (file.Count > 0)
        {
            narrator.Say($"{output} already has the results of {file.Count} of {encoded.Count} prompts");
        }

        using var writer = file.Append();
        using var model = Open();
        return new GenerateMany(model, options, narrator, made).Run(
            encoded, file.Count, file.FailedCount, writer, interrupts.Token);

        LoadedModel Open()
        {
            var opened = LoadedModel.Open(settings, narrator, interrupts.Token);
            narrator.Detail($"seed {options.Sampling.Seed}");
            return opened;
        }
    }

    private static (IReadOnlyList<int[]> Prompts, JsonObject Settings) Describe(
        Prompts prompts, GenerationOptions options, ModelSettings settings)
    {
        using var checkpoint = Checkpoint.Open(settings.Model);
        var ids = prompts.Encode(checkpoint.Tokenizer, checkpoint.Config.VocabularySize);
        return (ids, ResultSettings.Of(checkpoint, settings.Options, options));
    }
}
