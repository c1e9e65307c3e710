using System.Globalization;
using System.Text.RegularExpressions;

namespace Mistral.Ilgpu.Diagnostics.Inspection;

/// <summary>Numbers all registers of a wave: scalar ones, then vector ones, then those for sums.</summary>
internal static partial class AmdRegisters
{
    public const int Count = Accumulators + 256;

    private const int Vectors = 128;
    private const int Accumulators = Vectors + 256;

    /// <summary>The number of a scalar register.</summary>
    public static int Scalar(int register) => register;

    /// <summary>The registers that an operand names, such as v[2:5]: none if it is a number or a flag.</summary>
    public static IEnumerable<int> In(string operand) => Register().Matches(operand).SelectMany(match =>
    {
        int bank = match.Groups["bank"].Value switch { "v" => Vectors, "a" => Accumulators, _ => 0 };
        int first = Number(match, "first");
        return Enumerable.Range(bank + first, match.Groups["last"].Success ? Number(match, "last") - first + 1 : 1);
    });

    private static int Number(Match match, string group) =>
        int.Parse(match.Groups[group].ValueSpan, CultureInfo.InvariantCulture);

    [GeneratedRegex(@"\b(?<bank>[sva])(\[(?<first>\d+):(?<last>\d+)\]|(?<first>\d+)\b)")]
    private static partial Regex Register();
}
