using System.CommandLine;
using Mistral.Ilgpu.Constraints;

namespace Mistral.Ilgpu.Cli.Options;

/// <summary>The options that say which form a text must have.</summary>
internal sealed class ConstraintOptions
{
    private readonly Option<string?> _schema = Text(
        "--json-schema", "The text is JSON that this schema describes, given as a file or as it is.", "FILE|JSON");

    private readonly Option<string?> _grammar = Text(
        "--grammar", "The text is one of this grammar in llama.cpp's form (GBNF), given as a file or as it is.", "FILE|GBNF");

    private readonly Option<string?> _regex = Text("--regex", "The text is one that this regular expression matches.", "PATTERN");

    public void AddTo(Command command)
    {
        foreach (var option in All)
        {
            command.Options.Add(option);
        }
    }

    private Option<string?>[] All => [_schema, _grammar, _regex];

    /// <returns>The form; null for any.</returns>
    /// <exception cref="UsageException">More than one is given, or it cannot be followed.</exception>
    /// <exception cref="ModelFileException">The file is missing.</exception>
    public Constraint? Read(ParseResult parse)
    {
        var given = Array.FindAll(All, option => parse.GetResult(option) is not null);
        if (given.Length == 0)
        {
            return null;
        }

        if (given.Length > 1)
        {
            throw new UsageException($"{given[1].Name}: found {given[0].Name} too, expected one of the two");
        }

        string text = parse.GetValue(given[0])!;
        try
        {
            return given[0] == _regex ? Constraint.Regex(text)
                : given[0] == _grammar
                    ? Constraint.Grammar(text.Contains("::=", StringComparison.Ordinal) ? text : FileText(text))
                : Constraint.JsonSchema(text.TrimStart() is ['{', ..] or "true" ? text : FileText(text));
        }
        catch (ArgumentException exception)
        {
            throw new UsageException($"{given[0].Name}: {exception.Message}");
        }
    }

    private static string FileText(string path) => DataFile.Read(path, File.ReadAllText);

    private static Option<string?> Text(string name, string description, string placeholder) =>
        ValueOptions.Parsed(name, description, placeholder, "text", text => text.Length > 0 ? text : null);
}
