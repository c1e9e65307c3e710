using System.CommandLine;
using System.CommandLine.Invocation;
using System.CommandLine.Parsing;
using System.Text.RegularExpressions;

namespace Mistral.Ilgpu.Cli.Options;

/// <summary>
/// Describes the problem of a command line. The parser takes an unknown option for an argument and then reports what follows it,
/// so unknown options are found here.
/// </summary>
internal static partial class ParseProblem
{
    /// <summary>The problem in one line; null if there is none.</summary>
    /// <param name="args">The arguments that were parsed.</param>
    public static string? Of(ParseResult parse, IReadOnlyList<string> args)
    {
        var command = parse.CommandResult.Command;
        bool isError = parse.Action is ParseErrorAction;
        // Help and completions work whatever else the line contains.
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

        if (SwallowedOption(parse, args) is var (owner, value))
        {
            return $"{owner}: found the option '{value}', expected a value; if it is meant, write {owner}={value}";
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
            : command.Arguments is [.., var last]
                ? $"unexpected argument '{token}' after {last.Name}; an argument of several words goes in quotes"
            : $"unexpected argument '{token}'{(suggestion.Length > 0 ? suggestion : "; see --help")}";
    }

    // The first word that begins with - and is neither an option nor an option's value. All words after -- are arguments.
    private static string? UnknownOption(ParseResult parse)
    {
        var values = new HashSet<Token>(Given(parse).SelectMany(option => option.Tokens), ReferenceEqualityComparer.Instance);
        return parse.Tokens.TakeWhile(token => token.Type != TokenType.DoubleDash)
            .FirstOrDefault(
                token => token.Type == TokenType.Argument && token.Value is ['-', _, ..] && !values.Contains(token))?.Value;
    }

    // A word that looks like an option and follows an option that needs a value. The parser takes it as the value.
    private static (string Owner, string Value)? SwallowedOption(ParseResult parse, IReadOnlyList<string> args) =>
        Given(parse).SelectMany(option => option.Tokens.Select(token => (option.Option.Name, token.Value)))
            .Where(value => OptionLike().IsMatch(value.Value) && args.Contains(value.Value))
            .Select(value => ((string, string)?)value).FirstOrDefault();

    private static IEnumerable<OptionResult> Given(ParseResult parse)
    {
        for (SymbolResult? result = parse.CommandResult; result is CommandResult command; result = command.Parent)
        {
            foreach (var option in command.Children.OfType<OptionResult>())
            {
                yield return option;
            }
        }
    }

    [GeneratedRegex(@"^--[a-z][a-z-]+(=.*)?\z")]
    private static partial Regex OptionLike();

    private static IEnumerable<string> OptionNames(Command command) => command.Options
        .Concat(command.Parents.OfType<Command>().SelectMany(parent => parent.Options).Where(option => option.Recursive))
        .SelectMany(option => option.Aliases.Prepend(option.Name))
        .Where(name => name.StartsWith("--", StringComparison.Ordinal));
}
