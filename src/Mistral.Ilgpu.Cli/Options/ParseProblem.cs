using System.CommandLine;
using System.CommandLine.Invocation;
using System.CommandLine.Parsing;

namespace Mistral.Ilgpu.Cli.Options;

/// <summary>
/// Says what in a command line is not understood. The parser takes an unknown option for an argument and then faults what
/// follows it, so unknown options are looked for here.
/// </summary>
internal static class ParseProblem
{
    /// <summary>The problem in one line, or null where there is none.</summary>
    public static string? Of(ParseResult parse)
    {
        var command = parse.CommandResult.Command;
        bool isError = parse.Action is ParseErrorAction;
        // Help and completions are given whatever else is there.
        if (!isError && parse.Action != command.Action)
        {
            return null;
        }

        if (UnknownOption(parse) is { } option)
        {
            string? nearest = Suggestion.Nearest(option.Split('=')[0], OptionNames(command));
            return nearest is not null ? $"unknown option '{option}'; did you mean '{nearest}'?"
                : command.Arguments.Count > 0 ? $"unknown option '{option}'; an argument that begins with - goes after --"
                : $"unknown option '{option}'; see --help";
        }

        if (!isError)
        {
            return null;
        }

        if (parse.UnmatchedTokens is not [var token, ..])
        {
            return command is RootCommand ? "no command; see --help" : parse.Errors[0].Message.TrimEnd('.');
        }

        string suggestion = Suggestion.For(token, command.Subcommands.Select(subcommand => subcommand.Name));
        return command is RootCommand ? $"unknown command '{token}'{(suggestion.Length > 0 ? suggestion : "; see --help")}"
            : command.Arguments is [.., var last] ? $"unexpected argument '{token}' after {last.Name}; an argument of several words goes in quotes"
            : $"unexpected argument '{token}'{(suggestion.Length > 0 ? suggestion : "; see --help")}";
    }

    // The first word that begins with -, is no option and is not the value of one. After -- all are arguments.
    private static string? UnknownOption(ParseResult parse)
    {
        var values = new HashSet<Token>(ReferenceEqualityComparer.Instance);
        for (SymbolResult? result = parse.CommandResult; result is CommandResult command; result = command.Parent)
        {
            values.UnionWith(command.Children.OfType<OptionResult>().SelectMany(option => option.Tokens));
        }

        return parse.Tokens.TakeWhile(token => token.Type != TokenType.DoubleDash)
            .FirstOrDefault(token => token.Type == TokenType.Argument && token.Value is ['-', _, ..] && !values.Contains(token))?.Value;
    }

    private static IEnumerable<string> OptionNames(Command command) => command.Options
        .Concat(command.Parents.OfType<Command>().SelectMany(parent => parent.Options).Where(option => option.Recursive))
        .SelectMany(option => option.Aliases.Prepend(option.Name))
        .Where(name => name.StartsWith("--", StringComparison.Ordinal));
}
