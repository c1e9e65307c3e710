using System.CommandLine;
using System.CommandLine.Completions;
using System.CommandLine.Parsing;
using System.Globalization;
using System.Text.RegularExpressions;

namespace Mistral.Ilgpu.Cli.Options;

/// <summary>Creates options whose errors name the option, what was found and what was expected.</summary>
internal static partial class ValueOptions
{
    public static Option<int?> Count(string name, string description, int least, int most = int.MaxValue, params string[] aliases)
    {
        var option = Parsed<int?>(
            name, description, "N", $"a whole number {Range(least, most)}", text => ParseCount(text, least, most));
        Array.ForEach(aliases, option.Aliases.Add);
        return option;
    }

    /// <summary>One or several whole numbers.</summary>
    public static Option<IReadOnlyList<int?>?> OneOrManyCounts(string name, string description, bool many, int least, int most) =>
        OneOrMany(name, description, "N", $"a whole number {Range(least, most)}", text => ParseCount(text, least, most), many);

    /// <summary>Whole numbers, as a list, repeated, or both.</summary>
    public static Option<int[]?> Counts(string name, string description, int least) => new(name)
    {
        Description = description,
        HelpName = "N,N",
        Arity = ArgumentArity.OneOrMore,
        AllowMultipleArgumentsPerToken = false,
        CustomParser = result =>
        {
            var values = result.Tokens.Select(token => ParseIds(token.Value)).ToList();
            int wrong = values.FindIndex(list => list is null || list.Any(value => value < least));
            if (wrong >= 0)
            {
                result.AddError(
                    $"{name}: found '{result.Tokens[wrong].Value}', expected whole numbers {Range(least, int.MaxValue)}, "
                    + "such as 256,512");
            }

            return wrong >= 0 ? null : [.. values.SelectMany(list => list!)];
        },
    };

    public static Option<ulong?> Seed(string name, string description) =>
        Parsed<ulong?>(name, description, "N", "a whole number from 0", text =>
            ulong.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out ulong value) ? value : null);

    /// <param name="expected">The condition, for messages.</param>
    public static Option<double?> Number(
        string name, string description, string placeholder, Func<double, bool> isValid, string expected) =>
        Parsed<double?>(name, description, placeholder, $"a number {expected}", text =>
            double.TryParse(text, NumberStyles.Float, CultureInfo.InvariantCulture, out double value)
            && double.IsFinite(value) && isValid(value) ? value : null);

    public static Option<long?> Size(string name, string description) =>
        Parsed<long?>(name, description, "SIZE", "a size such as 8GiB, 8G or 500MB", ParseSize);

    /// <summary>One of several words.</summary>
    public static Option<string?> Choice(string name, string description, params IReadOnlyList<string> choices) =>
        Parsed(
            name, description, string.Join('|', choices), Expected(choices),
            text => choices.Contains(text) ? text : null, choices);

    /// <summary>One of several formats, by its short name in either case.</summary>
    public static Option<TensorFormat?> Format(string name, string description, params IReadOnlyList<TensorFormat> formats) =>
        Parsed(
            name, description, Placeholder(formats), Expected(Names(formats)),
            text => ParseFormat(text, formats), Names(formats));

    /// <summary>One or more of several formats.</summary>
    public static Option<IReadOnlyList<TensorFormat?>?> Formats(
        string name, string description, bool many, IReadOnlyList<TensorFormat> formats) =>
        OneOrMany(
            name, description, Placeholder(formats), Expected(Names(formats)),
            text => ParseFormat(text, formats), many, choices: Names(formats));

    public static Option<int[]?> Ids(string name, string description) =>
        Parsed(name, description, "1,2,3", "token ids such as 1,2,3", ParseIds);

    /// <summary>The ids; null if the option is not given.</summary>
    public static int[]? GetIds(this ParseResult parse, Option<int[]?> option) =>
        parse.GetResult(option) is null ? null : parse.GetValue(option);

    /// <summary>An option with one value.</summary>
    /// <param name="expected">The form of a value, for messages.</param>
    /// <param name="parse">Returns null if the text is not a value.</param>
    /// <param name="choices">Values to suggest and to complete.</param>
    public static Option<T?> Parsed<T>(
        string name, string description, string placeholder, string expected,
        Func<string, T?> parse, IReadOnlyList<string>? choices = null) =>
        new(name)
        {
            Description = description,
            HelpName = placeholder,
            Arity = ArgumentArity.ExactlyOne,
            CustomParser = result => Parse(result, name, expected, parse, choices ?? []),
            CompletionSources = { _ => Completions(choices) },
        };

    /// <summary>An option with one value, or with several if the command accepts them: as a list, repeated, or both.</summary>
    /// <param name="expected">The form of a value, for messages.</param>
    /// <param name="parse">Returns null if the text is not a value.</param>
    /// <param name="isList">Whether commas separate values. A path may contain commas.</param>
    /// <param name="choices">Values to suggest and to complete.</param>
    public static Option<IReadOnlyList<T>?> OneOrMany<T>(
        string name, string description, string placeholder, string expected,
        Func<string, T?> parse, bool many, bool isList = true, IReadOnlyList<string>? choices = null) => new(name)
    {
        Description = many ? $"{description} Repeat it{(isList ? ", or give a list," : "")} for several." : description,
        HelpName = placeholder,
        Arity = many ? ArgumentArity.OneOrMore : ArgumentArity.ExactlyOne,
        AllowMultipleArgumentsPerToken = false,
        CustomParser = result =>
        {
            var values = new List<T>();
            foreach (string text in result.Tokens.SelectMany(token => many && isList ? token.Value.Split(',') : [token.Value]))
            {
                if (parse(text) is not { } value)
                {
                    result.AddError($"{name}: found '{text}', expected {expected}{Suggestion.For(text, choices ?? [])}");
                    return null;
                }

                values.Add(value);
            }

            return values;
        },
        CompletionSources = { _ => Completions(choices) },
    };

    /// <summary>Adds a short name to an option.</summary>
    public static Option<T> Short<T>(this Option<T> option, string alias)
    {
        option.Aliases.Add(alias);
        return option;
    }

    private static IEnumerable<CompletionItem> Completions(IReadOnlyList<string>? choices) =>
        (choices ?? []).Select(choice => new CompletionItem(choice));

    private static T? Parse<T>(
        ArgumentResult result, string name, string expected, Func<string, T?> parse, IReadOnlyList<string> choices)
    {
        string text = result.Tokens[^1].Value;
        var value = parse(text);
        if (value is null)
        {
            result.AddError($"{name}: found '{text}', expected {expected}{Suggestion.For(text, choices)}");
        }

        return value;
    }

    private static string Placeholder(IReadOnlyList<TensorFormat> formats) => string.Join('|', Names(formats));

    private static string[] Names(IReadOnlyList<TensorFormat> formats) => [.. formats.Select(format => format.ShortName())];

    private static string Expected(IReadOnlyList<string> choices) => $"{string.Join(", ", choices.SkipLast(1))} or {choices[^1]}";

    private static TensorFormat? ParseFormat(string text, IEnumerable<TensorFormat> formats) => formats
        .Where(format => format.ShortName().Equals(text, StringComparison.OrdinalIgnoreCase))
        .Select(format => (TensorFormat?)format)
        .FirstOrDefault();

    private static string Range(int least, int most) =>
        most == int.MaxValue ? $"from {least}" : string.Create(CultureInfo.InvariantCulture, $"from {least} to {most}");

    private static int? ParseCount(string text, int least, int most) =>
        int.TryParse(text, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out int value)
            && value >= least && value <= most
            ? value
            : null;

    private static int[]? ParseIds(string text)
    {
        string[] parts = text.Split(',');
        var ids = new int[parts.Length];
        for (int i = 0; i < parts.Length; i++)
        {
            if (!int.TryParse(parts[i].AsSpan().Trim(), NumberStyles.None, CultureInfo.InvariantCulture, out ids[i]))
            {
                return null;
            }
        }

        return ids;
    }

    // Sizes as in GNU's tools: 8G, 8Gi and 8GiB are powers of 1024, 8GB is a power of 1000.
    /// <summary>Bytes; null if the text is not a size.</summary>
    public static long? ParseSize(string text)
    {
        var match = SizeText().Match(text);
        if (!match.Success)
        {
            return null;
        }

        int power = match.Groups["prefix"] is { Success: true } prefix
            ? "kmgt".IndexOf(char.ToLowerInvariant(prefix.Value[0])) + 1
            : 0;
        double bytes = double.Parse(match.Groups["number"].ValueSpan, CultureInfo.InvariantCulture)
            * Math.Pow(match.Groups["decimal"].Success ? 1000 : 1024, power);
        return bytes is >= 1 and < long.MaxValue ? (long)bytes : null;
    }

    [GeneratedRegex(
        @"^(?<number>[0-9]+(\.[0-9]+)?) *((?<prefix>[kmgt])(ib?|(?<decimal>b))?|b)?\z",
        RegexOptions.IgnoreCase | RegexOptions.CultureInvariant)]
    private static partial Regex SizeText();
}
