using System.CommandLine;

namespace Mistral.Ilgpu.Cli.Options;

/// <summary>The ways to give a prompt: as an argument, on standard input, as ids, or many in a file.</summary>
internal sealed class PromptOptions(string argumentName)
{
    private readonly Argument<string?> _text = new(argumentName)
    {
        Description = "The text; - or nothing reads standard input, without its last line end.",
        Arity = ArgumentArity.ZeroOrOne,
    };

    private readonly Option<int[]?> _ids = ValueOptions.Ids("--prompt-ids", "Token ids instead of a text, taken as they are.");

    private readonly Option<string?> _input = ValueOptions.Parsed(
        "--input", "Many texts: a JSON string or {\"prompt\": …} per line; writes one JSON result per line.",
        "FILE.jsonl", "a file", text => text.Length > 0 ? text : null).Short("-i");

    private readonly Option<string?> _suffix = new("--suffix")
    {
        Description = "The text after the gap that the model fills; the prompt is the text before it (Codestral).",
        HelpName = "TEXT",
    };

    public void AddTo(Command command)
    {
        command.Arguments.Add(_text);
        command.Options.Add(_ids);
        command.Options.Add(_input);
        command.Options.Add(_suffix);
    }

    /// <summary>Whether one of them is used other than standard input.</summary>
    public bool IsGiven(ParseResult parse) =>
        parse.GetResult(_text)?.Tokens.Count > 0 || parse.GetIds(_ids) is not null
            || IsMany(parse) || parse.GetValue(_suffix) is not null;

    /// <summary>Whether a file of prompts is given.</summary>
    public bool IsMany(ParseResult parse) => parse.GetValue(_input) is not null;

    /// <summary>Reads the prompts, before anything slow starts.</summary>
    /// <exception cref="UsageException">There is no prompt, or more than one way is used.</exception>
    public Prompts Read(ParseResult parse, Terminal terminal)
    {
        string? text = parse.GetValue(_text);
        int[]? ids = parse.GetIds(_ids);
        string? input = parse.GetValue(_input);
        if (new object?[] { text, ids, input }.Count(given => given is not null) > 1)
        {
            throw new UsageException($"more than one of {argumentName}, --prompt-ids and --input, expected one");
        }

        string? suffix = parse.GetValue(_suffix);
        if (ids is not null)
        {
            return suffix is null
                ? new Prompts([], ids, IsMany: false)
                : throw new UsageException("--suffix with --prompt-ids, expected a text before the gap");
        }

        if (input is not null)
        {
            return new Prompts(PromptFile.Read(input), null, IsMany: true) { Suffix = suffix };
        }

        if (text is null or "-")
        {
            if (text is null && terminal.IsInputInteractive)
            {
                throw new UsageException($"no {argumentName}; give one, or - to type it");
            }

            text = WithoutLastLineEnd(terminal.In.ReadToEnd());
        }

        return new Prompts([text], null, IsMany: false) { Suffix = suffix };
    }

    private static string WithoutLastLineEnd(string text) =>
        text.EndsWith("\r\n", StringComparison.Ordinal) ? text[..^2] : text.EndsWith('\n') ? text[..^1] : text;
}
