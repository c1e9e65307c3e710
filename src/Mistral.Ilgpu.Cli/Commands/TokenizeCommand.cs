using System.CommandLine;
using System.Text.Json;
using Mistral.Ilgpu.Checkpoints;
using Mistral.Ilgpu.Cli.Options;
using Mistral.Ilgpu.Cli.Output;
using Mistral.Ilgpu.Tokenization;

namespace Mistral.Ilgpu.Cli.Commands;

/// <summary><c>mistral tokenize [TEXT]</c>: writes the ids and pieces of a text as a model gets them, or decodes ids.</summary>
internal static class TokenizeCommand
{
    public static Command Create(Terminal terminal)
    {
        var prompts = new PromptOptions("TEXT");
        var decode = ValueOptions.Ids("--decode", "Writes the text of token ids.");
        var chat = ChatFileOption.Create();
        var model = ModelSettingsOptions.ModelOption();
        model.Description =
            "A folder, OWNER/NAME that was pulled, a tokenizer file alone, or tiny, the built-in model, if not given.";
        var output = new OutputOptions();
        var command = new ExampleCommand(
            "tokenize", "Writes the token ids and pieces of a text, including the token that starts a text.",
            "mistral tokenize \"Hello, world\"",
            "mistral tokenize -m folder --chat conversation.json --format json",
            "mistral tokenize --decode 1,326,942");
        prompts.AddTo(command);
        command.Options.Add(decode);
        command.Options.Add(chat);
        command.Options.Add(model);
        output.AddTo(command);
        command.SetAction(parse =>
        {
            int[]? decoded = parse.GetIds(decode);
            string? chatFile = parse.GetValue(chat);
            if (new[] { decoded is not null, chatFile is not null, prompts.IsGiven(parse) }.Count(given => given) > 1)
            {
                throw new UsageException("more than one of TEXT, --prompt-ids, --input, --decode and --chat, expected one");
            }

            var given = decoded is null && chatFile is null ? prompts.Read(parse, terminal) : null;
            var tokenizer = Load(parse.GetValue(model) ?? Checkpoint.Tiny);
            bool isJson = output.IsJson(parse) || given?.IsMany == true;
            if (decoded is not null)
            {
                Prompts.RequireIds("--decode", decoded, tokenizer.VocabularySize);
                WriteText(terminal.Out, tokenizer.Decode(decoded), isJson);
                return ExitCode.Done;
            }

            IEnumerable<IReadOnlyList<int>> texts = given is null
                ? [ChatFileOption.Read(chatFile!).Encode(tokenizer)]
                : given.Encode(tokenizer, tokenizer.VocabularySize);
            foreach (var ids in texts)
            {
                WriteTokens(terminal.Out, tokenizer, ids, isJson);
            }

            return ExitCode.Done;
        });
        return command;
    }

    private static TextTokenizer Load(string model)
    {
        if (File.Exists(model) && !Checkpoint.IsModelFile(model))
        {
            return TokenizerFile.Load(model);
        }

        using var checkpoint = Checkpoint.Open(model);
        return checkpoint.Tokenizer;
    }

    private static void WriteText(TextWriter output, string text, bool isJson)
    {
        if (isJson)
        {
            Json.WriteLine(output, json =>
            {
                json.WriteStartObject();
                json.WriteString("text", text);
                json.WriteEndObject();
            });
        }
        else
        {
            output.Write(text + "\n");
        }
    }

    private static void WriteTokens(TextWriter output, TextTokenizer tokenizer, IReadOnlyList<int> ids, bool isJson)
    {
        if (isJson)
        {
            Json.WriteLine(output, json =>
            {
                json.WriteStartObject();
                json.WriteIds("ids", ids);
                json.WriteStrings("pieces", ids.Select(tokenizer.IdToPiece));
                json.WriteEndObject();
            });
            return;
        }

        foreach (int id in ids)
        {
            output.Write($"{id}\t{tokenizer.IdToPiece(id)}\n");
        }
    }
}
