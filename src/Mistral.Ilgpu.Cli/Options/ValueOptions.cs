using System.CommandLine;
using System.CommandLine.Parsing;
using System.Globalization;
using System.Text.RegularExpressions;
using Mistral.Ilgpu.Checkpoints;

namespace Mistral.Ilgpu.Cli.Options;

/// <summary>Makes options whose errors name the option, what was found and what was expected.</summary>
internal static partial class ValueOptions
{
    public static Option<int?> Count(string name, string description, int least, int most = int.MaxValue, params string[] aliases)
    {
        var option = Parsed<int?>(name, description, "N", $"a whole number {Range(least, most)}", text =>
            int.TryParse(text, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out int value)
            && value >= least && value <= most ? value : null);
        Array.ForEach(aliases, option.Aliases.Add);
        return option;
    }

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
                result.AddError($"{name}: found '{result.Tokens[wrong].Value}', expected whole numbers {Range(least, int.MaxValue)}, such as 256,512");
            }

            return wrong >= 0 ? null : [.. values.SelectMany(list => list!)];
        },
    };

    public static Option<ulong?> Seed(string name, string description) =>
        Parsed<ulong?>(name, description, "N", "a whole number from 0", text =>
            ulong.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out ulong value) ? value : null);

    /// <param name="expected">The condition in words.</param>
    public static Option<double?> Number(string name, string description, string placeholder, Func<double, bool> isValid, string expected) =>
        Parsed<double?>(name, description, placeholder, $"a number {expected}", text =>
            double.TryParse(text, NumberStyles.Float, CultureInfo.InvariantCulture, out double value)
            && double.IsFinite(value) && isValid(value) ? value : null);

    public static Option<long?> Size(string name, string description) =>
        Parsed<long?>(name, description, "SIZE", "a size such as 8GiB or 500MB", ParseSize);

    /// <summary>One of some formats, by its short name in either case.</summary>
    public static Option<TensorFormat?> Format(string name, string description, params IReadOnlyList<TensorFormat> formats)
    {
        string[] names = [.. formats.Select(format => format.ShortName())];
        return Parsed<TensorFormat?>(
            name, description, string.Join('|', names), $"{string.Join(", ", names[..^1])} or {names[^1]}", text =>
                Array.FindIndex(names, known => known.Equals(text, StringComparison.OrdinalIgnoreCase)) is >= 0 and var index ? formats[index] : null);
    }

    public static Option<int[]?> Ids(string name, string description) =>
        Parsed(name, description, "1,2,3", "token ids such as 1,2,3", ParseIds);

    /// <summary>The ids, or null where the option is not given.</summary>
    public static int[]? GetIds(this ParseResult parse, Option<int[]?> option) =>
        parse.GetResult(option) is null ? null : parse.GetValue(option);

    /// <summary>An option with one value.</summary>
    /// <param name="expected">What a value looks like, in words.</param>
    /// <param name="parse">Null where the text is not a value.</param>
    public static Option<T?> Parsed<T>(string name, string description, string placeholder, string expected, Func<string, T?> parse) =>
        new(name)
        {
            Description = description,
            HelpName = placeholder,
            Arity = ArgumentArity.ExactlyOne,
            CustomParser = result => Parse(result, name, expected, parse),
        };

    private static T? Parse<T>(ArgumentResult result, string name, string expected, Func<string, T?> parse)
    {
        string text = result.Tokens[^1].Value;
        var value = parse(text);
        if (value is null)
        {
            result.AddError($"{name}: found '{text}', expected {expected}");
        }

        return value;
    }

    private static string Range(int least, int most) =>
        most == int.MaxValue ? $"from {least}" : string.Create(CultureInfo.InvariantCulture, $"from {least} to {most}");

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

    private static long? ParseSize(string text)
    {
        var match = SizeText().Match(text);
        if (!match.Success)
        {
            return null;
        }

        int power = match.Groups["prefix"] is { Success: true } prefix ? "kmgt".IndexOf(char.ToLowerInvariant(prefix.Value[0])) + 1 : 0;
        double bytes = double.Parse(match.Groups["number"].ValueSpan, CultureInfo.InvariantCulture)
            * Math.Pow(match.Groups["binary"].Success ? 1024 : 1000, power);
        return bytes is >= 1 and < long.MaxValue ? (long)bytes : null;
    }

    [GeneratedRegex(@"^(?<number>[0-9]+(\.[0-9]+)?) *((?<prefix>[kmgt])(?<binary>i)?b|b)?\z", RegexOptions.IgnoreCase | RegexOptions.CultureInvariant)]
    private static partial Regex SizeText();
}
