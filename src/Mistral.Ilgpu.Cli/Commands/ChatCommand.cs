using System.CommandLine;
using System.Globalization;
using Mistral.Ilgpu.Cli.Options;
using Mistral.Ilgpu.Cli.Output;
using Mistral.Ilgpu.Generation;
using Mistral.Ilgpu.Model;

namespace Mistral.Ilgpu.Cli.Commands;

/// <summary><c>mistral chat</c>: a conversation, one line of input per turn.</summary>
internal sealed class ChatCommand
{
    private const int MaxTokens = 1024;

    private const string Help = """
        /help          this
        /system TEXT   begins anew, with TEXT as what the model is told to be
        /history       the conversation so far
        /lora [N]      the adapters; with a number switches one and forgets the conversation
        /reset         forgets the conversation
        /exit          leaves, as the end of input does
        Ctrl-C stops an answer, and at the prompt leaves.
        """;

    private readonly LoadedModel _loaded;
    private readonly Conversation _conversation;
    private readonly Narrator _narrator;
    private readonly bool _isJson;

    private ChatCommand(LoadedModel loaded, GenerationOptions options, Narrator narrator, bool isJson)
    {
        (_loaded, _narrator, _isJson) = (loaded, narrator, isJson);
        _conversation = new Conversation(loaded.Text, loaded.Checkpoint.Tokenizer, options);
    }

    private Terminal Terminal => _narrator.Terminal;

    public static Command Create(Terminal terminal)
    {
        var generation = new GenerationSettingsOptions(MaxTokens);
        var model = new ModelSettingsOptions();
        var output = new OutputOptions();
        var command = new Command("chat", "Talks with the model, one line of input per turn; /help tells more.");
        generation.AddTo(command);
        model.AddTo(command);
        output.AddTo(command);
        command.SetAction(parse =>
        {
            var narrator = output.Narrator(parse, terminal);
            using var loaded = Load(model.Read(parse), narrator);
            return new ChatCommand(loaded, generation.Read(parse), narrator, output.IsJson(parse)).Run();
        });
        return command;
    }

    private static LoadedModel Load(ModelSettings settings, Narrator narrator)
    {
        using var interrupts = new Interrupts(narrator.Terminal);
        return LoadedModel.Open(settings, narrator, allLogits: false, interrupts.Token);
    }

    private int Run()
    {
        var editor = new LineEditor(Terminal);
        if (Terminal.IsInputInteractive)
        {
            _narrator.Say($"/help for help");
        }

        while (true)
        {
            string? line;
            using (new LeaveOnInterrupt())
            {
                line = editor.ReadLine("> ");
            }

            if (line is null || line.Trim() is "/exit" or "/quit")
            {
                return ExitCode.Done;
            }

            if (line.StartsWith('/'))
            {
                Obey(line.Trim());
            }
            else if (!string.IsNullOrWhiteSpace(line))
            {
                Answer(line);
            }
        }
    }

    private void Obey(string line)
    {
        string[] parts = line.Split(' ', 2, StringSplitOptions.TrimEntries);
        switch (parts[0])
        {
            case "/help":
                Terminal.Error.WriteLine(Help);
                break;
            case "/reset":
                _conversation.Reset();
                _narrator.Say($"forgotten");
                break;
            case "/system":
                _conversation.Reset(parts.Length > 1 ? parts[1] : "");
                _narrator.Say($"begun anew");
                break;
            case "/history":
                foreach (var message in _conversation.Messages)
                {
                    Terminal.Error.WriteLine($"{message.Role}: {message.Content}");
                }

                break;
            case "/lora":
                SwitchAdapter(parts.Length > 1 ? parts[1] : "");
                break;
            default:
                Terminal.Error.WriteLine($"no command {parts[0]}; /help lists them");
                break;
        }
    }

    private void SwitchAdapter(string number)
    {
        var adapters = _loaded.Model.Adapters;
        if (int.TryParse(number, NumberStyles.None, CultureInfo.InvariantCulture, out int chosen) && chosen >= 1 && chosen <= adapters.Count)
        {
            adapters[chosen - 1].IsOn = !adapters[chosen - 1].IsOn;
            // What the cache holds was made with the other weights.
            _conversation.Reset();
        }

        for (int i = 0; i < adapters.Count; i++)
        {
            Terminal.Error.WriteLine(string.Create(CultureInfo.InvariantCulture, $"{i + 1} {(adapters[i].IsOn ? "on " : "off")} {adapters[i].Name}"));
        }
    }

    private void Answer(string text)
    {
        using var interrupts = new Interrupts(Terminal);
        try
        {
            var generation = _conversation.Ask(text);
            foreach (var token in generation.Run(interrupts.Token))
            {
                if (!_isJson && token.Text.Length > 0)
                {
                    Terminal.Out.Write(token.Text);
                    Terminal.Out.Flush();
                }
            }

            if (_isJson)
            {
                Json.WriteLine(Terminal.Out, json => GenerationJson.Write(json, generation, _loaded));
            }
            else
            {
                Terminal.Out.Write('\n');
                Terminal.Out.Flush();
            }

            _conversation.Keep(generation);
            if (generation.FinishReason == FinishReason.Cancelled)
            {
                _narrator.Say($"interrupted");
            }

            _narrator.Detail($"{Narrator.Summary(generation)}");
            interrupts.ThrowIfTerminated();
        }
        catch (ContextFullException exception)
        {
            _conversation.TakeBack();
            Terminal.Error.WriteLine($"{exception.Message}; /reset forgets the conversation");
        }
    }
}
