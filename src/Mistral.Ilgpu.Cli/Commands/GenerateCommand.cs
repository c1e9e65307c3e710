using System.CommandLine;
using System.Text.Json;
using Mistral.Ilgpu.Cli.Options;
using Mistral.Ilgpu.Cli.Output;
using Mistral.Ilgpu.Generation;

namespace Mistral.Ilgpu.Cli.Commands;

/// <summary><c>mistral generate [PROMPT]</c>: continues the text.</summary>
internal static class GenerateCommand
{
    private const int MaxTokens = 256;

    public static Command Create(Terminal terminal)
    {
        var prompts = new PromptOptions("PROMPT");
        var generation = new GenerationSettingsOptions(MaxTokens);
        var model = new ModelSettingsOptions();
        var output = new OutputOptions();
        var command = new Command("generate", "Continues the text; what is added goes to standard output as it is made.");
        prompts.AddTo(command);
        generation.AddTo(command);
        model.AddTo(command);
        output.AddTo(command);
        command.SetAction(parse =>
        {
            var given = prompts.Read(parse, terminal);
            bool isJson = output.IsJson(parse) || given.IsMany;
            return Run(given, generation.Read(parse), model.Read(parse), output.Narrator(parse, terminal), isJson);
        });
        return command;
    }

    private static int Run(Prompts prompts, GenerationOptions options, ModelSettings settings, Narrator narrator, bool isJson)
    {
        using var interrupts = new Interrupts();
        using var loaded = LoadedModel.Open(settings, narrator, allLogits: false, interrupts.Token);
        var generator = new Generator(loaded.Text, loaded.Checkpoint.Tokenizer);
        foreach (int[] prompt in prompts.Encode(loaded.Checkpoint.Tokenizer, loaded.Model.Config.VocabularySize))
        {
            loaded.Text.Reset();
            var generation = generator.Start(prompt, options);
            Continue(generation, narrator.Terminal.Out, isJson, interrupts.Token);
            if (isJson)
            {
                Json.WriteLine(narrator.Terminal.Out, json => Write(json, generation, loaded));
            }

            narrator.Say($"{Narrator.Summary(generation)}");
            if (generation.FinishReason == FinishReason.Cancelled)
            {
                return ExitCode.Interrupted;
            }
        }

        narrator.Detail($"seed {options.Sampling.Seed}");
        return ExitCode.Done;
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

    /// <summary>The result as DESIGN fixes it, also of a turn of a chat.</summary>
    public static void Write(Utf8JsonWriter json, Generation.Generation generation, LoadedModel loaded)
    {
        var timings = generation.Timings;
        json.WriteStartObject();
        json.WriteString("model", loaded.Checkpoint.Name);
        json.WriteString("device", loaded.Device.Info.Id);
        json.WriteIds("prompt_ids", generation.PromptIds);
        json.WriteIds("ids", generation.Ids);
        json.WriteString("text", generation.Text);
        json.WriteString("finish_reason", generation.FinishReason switch
        {
            FinishReason.Stop => "stop",
            FinishReason.Length => "length",
            _ => "cancelled",
        });
        json.WriteStartObject("timings");
        json.WriteMilliseconds("load_ms", loaded.LoadTime);
        json.WriteNumber("prefill_tokens", timings.PrefillTokens);
        json.WriteMilliseconds("prefill_ms", timings.PrefillTime);
        json.WriteNumber("decode_tokens", timings.DecodeTokens);
        json.WriteMilliseconds("decode_ms", timings.DecodeTime);
        json.WriteMilliseconds("first_token_ms", timings.FirstTokenTime);
        json.WriteEndObject();
        json.WriteEndObject();
    }
}
