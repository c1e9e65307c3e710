using System.CommandLine;
using System.Globalization;
using System.Text.Json;
using Mistral.Ilgpu.Cli.Loading;
using Mistral.Ilgpu.Cli.Options;
using Mistral.Ilgpu.Cli.Output;
using Mistral.Ilgpu.Generation;
using Mistral.Ilgpu.Tokenization;

namespace Mistral.Ilgpu.Cli.Commands;

/// <summary><c>mistral score [TEXT]</c>: the log-probability of each token of a text.</summary>
internal static class ScoreCommand
{
    private const int LikeliestShown = 10;

    public static Command Create(Terminal terminal)
    {
        var prompts = new PromptOptions("TEXT");
        var logits = new Option<bool>("--logits")
        {
            Description = "Adds the logits after the last token; text output has only the likeliest ones."
        };
        var model = new ModelSettingsOptions();
        var output = new OutputOptions();
        var command = new ExampleCommand(
            "score", "Writes the log-probability of each token of a text, and its perplexity.",
            "mistral score \"The king had a cat.\"",
            "mistral score -i texts.jsonl > scores.jsonl");
        prompts.AddTo(command);
        command.Options.Add(logits);
        model.AddTo(command);
        output.AddTo(command);
        command.SetAction(parse =>
        {
            var given = prompts.Read(parse, terminal);
            bool isJson = output.IsJson(parse) || given.IsMany;
            return Run(given, model.Read(parse), output.Narrator(parse, terminal), isJson, parse.GetValue(logits));
        });
        return command;
    }

    private static int Run(Prompts prompts, ModelSettings settings, Narrator narrator, bool isJson, bool wantsLogits)
    {
        using var interrupts = new Interrupts(narrator.Terminal);
        using var loaded = LoadedModel.Open(settings, narrator, interrupts.Token);
        var tokenizer = loaded.Checkpoint.Tokenizer;
        var output = narrator.Terminal.Out;
        int failed = 0;
        foreach (int[] ids in prompts.Encode(tokenizer, loaded.Model.Config.VocabularySize))
        {
            TextScore score;
            try
            {
                score = ProgressBar.OverPrompt(narrator, loaded.Model.Chunk, ids.Length, report => loaded.Language
                    .ScoreAsync(ids, topLogProbabilities: 0, wantsLogits, report, interrupts.Token).GetAwaiter().GetResult());
            }
            catch (ContextFullException exception) when (prompts.IsMany)
            {
                failed++;
                Json.WriteLine(output, json => WriteError(json, ids, exception.Message));
                continue;
            }

            if (isJson)
            {
                Json.WriteLine(output, json => Write(json, score, wantsLogits));
            }
            else
            {
                WriteText(output, score, tokenizer, wantsLogits);
            }
        }

        return narrator.ManyDone(failed, prompts.Texts.Count);
    }

    private static void WriteError(Utf8JsonWriter json, int[] ids, string error)
    {
        json.WriteStartObject();
        json.WriteIds("ids", ids);
        json.WriteString("error", error);
        json.WriteEndObject();
    }

    private static void Write(Utf8JsonWriter json, TextScore score, bool wantsLogits)
    {
        json.WriteStartObject();
        json.WriteIds("ids", score.Ids);
        json.WriteStartArray("logprobs");
        json.WriteNullValue();
        foreach (double value in score.LogProbabilities)
        {
            json.WriteNumberValue(value);
        }

        json.WriteEndArray();
        json.WriteOptional("perplexity", score.Perplexity);
        if (wantsLogits)
        {
            json.WriteStartArray("logits");
            foreach (float value in score.LastLogits)
            {
                json.WriteNumberValue(value);
            }

            json.WriteEndArray();
        }

        json.WriteEndObject();
    }

    private static void WriteText(TextWriter output, TextScore score, TextTokenizer tokenizer, bool wantsLogits)
    {
        for (int i = 0; i < score.Ids.Count; i++)
        {
            string value = i == 0 ? "-" : score.LogProbabilities[i - 1].ToString("0.0000", CultureInfo.InvariantCulture);
            output.WriteLine($"{score.Ids[i]}\t{tokenizer.PieceText(score.Ids[i])}\t{value}");
        }

        output.WriteLine($"perplexity\t{score.Perplexity?.ToString("0.0000", CultureInfo.InvariantCulture) ?? "-"}");
        if (wantsLogits)
        {
            foreach (var (logit, id) in score.LastLogits
                .Select((logit, id) => (logit, id))
                .OrderByDescending(entry => entry.logit)
                .Take(LikeliestShown))
            {
                output.WriteLine($"{id}\t{tokenizer.PieceText(id)}\t{logit.ToString("0.0000", CultureInfo.InvariantCulture)}");
            }
        }

        output.Flush();
    }
}
