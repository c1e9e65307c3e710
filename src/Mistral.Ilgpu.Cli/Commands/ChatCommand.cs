using System.CommandLine;
using Mistral.Ilgpu.Chat;
using Mistral.Ilgpu.Cli.Editing;
using Mistral.Ilgpu.Cli.Loading;
using Mistral.Ilgpu.Cli.Options;
using Mistral.Ilgpu.Cli.Output;
using Mistral.Ilgpu.Generation;

namespace Mistral.Ilgpu.Cli.Commands;

/// <summary><c>mistral chat [QUESTION]</c>: a conversation, one line of input per turn, or the answer to one question.</summary>
internal sealed class ChatCommand
{
    private const int MaxTokens = 1024;

    private readonly LoadedModel _loaded;
    private readonly ChatSession _conversation;
    private readonly GenerationOptions _options;
    private readonly Narrator _narrator;
    private readonly bool _isJson;
    private readonly bool _dropsOldest;

    private ChatCommand(
        LoadedModel loaded, GenerationOptions options, Narrator narrator, string? system, bool isJson, bool dropsOldest)
    {
        (_loaded, _options, _narrator, _isJson, _dropsOldest) = (loaded, options, narrator, isJson, dropsOldest);
        _conversation = loaded.Language.StartChat(system);
    }

    private Terminal Terminal => _narrator.Terminal;

    public static Command Create(Terminal terminal)
    {
        var question = new Argument<string?>("QUESTION")
        {
            Arity = ArgumentArity.ZeroOrOne,
            Description =
                "The only question to answer; without it turns are read from the terminal or from standard input.",
        };
        var system = SystemOption();
        var dropOldest = new Option<bool>("--drop-oldest")
        {
            Description = "Drops the oldest turns without asking if the context is full."
        };
        var generation = new GenerationSettingsOptions(MaxTokens);
        var model = new ModelSettingsOptions();
        var output = new OutputOptions();
        var command = new ExampleCommand(
            "chat", "Talks with the model, one line of input per turn; /help lists the commands.",
            "mistral chat -m ~/models/Mistral-7B-Instruct-v0.3 --system \"You are a patient teacher.\"",
            "mistral chat \"What is 7 + 5?\"",
            "mistral chat -t 0.7 --drop-oldest < turns.txt") { question, system, dropOldest };
        generation.AddTo(command);
        model.AddTo(command);
        output.AddTo(command);
        command.SetAction(parse =>
        {
            var narrator = output.Narrator(parse, terminal);
            var options = generation.Read(parse, narrator);
            using var loaded = Load(model.Read(parse), narrator);
            var chat = new ChatCommand(
                loaded, options, narrator, parse.GetValue(system), output.IsJson(parse), parse.GetValue(dropOldest));
            return parse.GetValue(question) is { } asked ? chat.Reply(asked) : chat.Run();
        });
        return command;
    }

    public static Option<string?> SystemOption() => ValueOptions.Parsed(
        "--system", "The system message, before the conversation.",
        "TEXT", "a text", text => text.Length > 0 ? text : null);

    private static LoadedModel Load(ModelSettings settings, Narrator narrator)
    {
        using var interrupts = new Interrupts(narrator.Terminal);
        return LoadedModel.Open(settings, narrator, interrupts.Token);
    }

    private int Run()
    {
        var editor = new LineEditor(Terminal);
        var commands = new SlashCommands(_loaded, _conversation, _narrator);
        if (Terminal.IsInputInteractive)
        {
            _narrator.Say($"/help for help");
        }

        while (true)
        {
            string? line;
            using (new LeaveOnInterrupt())
            {
                line = editor.Read("> ");
            }

            if (line is null || line.Trim() is "/exit" or "/quit")
            {
                return ExitCode.Done;
            }

            // Pasted comments of code also begin with /.
            if (line.StartsWith('/') && (!line.Contains('\n') || line.StartsWith("/system ", StringComparison.Ordinal)))
            {
                commands.Obey(line.Trim());
            }
            else if (!string.IsNullOrWhiteSpace(line))
            {
                Answer(line);
            }
        }
    }

    // Answers a turn. If the context is full, drops the oldest turns first, if that is allowed.
    private void Answer(string text)
    {
        try
        {
            Reply(text);
        }
        catch (ContextFullException exception)
        {
            int turns = _conversation.TurnsTooMany(text, _options);
            if (turns > 0 && MayDrop(turns))
            {
                _conversation.Drop(turns);
                Reply(text);
                return;
            }

            string help = turns > 0
                ? FormattableString.Invariant(
                    $"/drop {turns} forgets the oldest turns, /reset all of them; --drop-oldest does so without asking")
                : "this turn alone is too long";
            Terminal.Error.WriteLine($"{exception.Message}; {help}");
        }
    }

    private bool MayDrop(int turns)
    {
        FormattableString what = $"the oldest {turns} of {_conversation.TurnCount} turns";
        if (_dropsOldest)
        {
            _narrator.Say($"the context is full: {FormattableString.Invariant(what)} dropped");
            return true;
        }

        // A separate editor, because this answer does not belong in the history of turns.
        string question = $"the context is full: drop {FormattableString.Invariant(what)} and go on? [Y/n] ";
        return Terminal.IsInteractive && new LineEditor(Terminal).Read(question) is { } answer
            && !answer.Trim().StartsWith("n", StringComparison.OrdinalIgnoreCase);
    }

    /// <returns>The exit code of a chat that ends after this turn.</returns>
    /// <exception cref="ContextFullException">The conversation is longer than the context.</exception>
    private int Reply(string turn)
    {
        using var interrupts = new Interrupts(Terminal);
        var text = _loaded.Answer(_conversation, turn, _options, _narrator, Write, interrupts.Token);
        if (_isJson)
        {
            Json.WriteLine(Terminal.Out, json => GenerationJson.Write(json, text, _loaded, settings: null));
        }
        else
        {
            Terminal.Out.Write('\n');
            Terminal.Out.Flush();
        }

        if (text.FinishReason == FinishReason.Cancelled)
        {
            _narrator.Say($"interrupted");
        }
        else if (text.FinishReason == FinishReason.Length
            && text.PromptIds.Count + text.Ids.Count > _loaded.Model.Context)
        {
            _narrator.Say($"the context is full: the answer ends here");
        }

        _narrator.Detail($"{Narrator.Summary(text)}");
        interrupts.ThrowIfTerminated();
        return text.FinishReason == FinishReason.Cancelled ? ExitCode.Interrupted : ExitCode.Done;

        void Write(ChatPiece piece)
        {
            if (!_isJson && piece.Text.Length > 0)
            {
                Terminal.Out.Write(piece.Text);
                Terminal.Out.Flush();
            }

            _narrator.Show(piece.Reasoning);
        }
    }
}
