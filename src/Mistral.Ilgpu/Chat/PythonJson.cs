using System.Globalization;
using System.Numerics;
using System.Text;
using System.Text.Json;

namespace Mistral.Ilgpu.Chat;

/// <summary>Writes JSON as Python's json.dumps does without ASCII escapes: the spelling that the models were trained
/// on.</summary>
internal static class PythonJson
{
    /// <summary>The text as Python would write it after reading it, or null where it is not JSON.</summary>
    public static string? Respell(string json)
    {
        try
        {
            using var document = JsonDocument.Parse(json);
            return Write(document.RootElement);
        }
        catch (Exception exception) when (exception is JsonException or InvalidOperationException)
        {
            return null;
        }
    }

    /// <summary>JSON respelled, or what is not JSON as a string.</summary>
    public static string Value(string content) => Respell(content) ?? Text(content);

    public static string Write(JsonElement element)
    {
        var output = new StringBuilder();
        Write(output, element);
        return output.ToString();
    }

    public static string Text(string text)
    {
        var output = new StringBuilder("\"");
        foreach (char character in text)
        {
            _ = character switch
            {
                '"' => output.Append("\\\""),
                '\\' => output.Append("\\\\"),
                '\n' => output.Append("\\n"),
                '\r' => output.Append("\\r"),
                '\t' => output.Append("\\t"),
                '\b' => output.Append("\\b"),
                '\f' => output.Append("\\f"),
                < ' ' => output.Append(CultureInfo.InvariantCulture, $"\\u{(int)character:x4}"),
                _ => output.Append(character),
            };
        }

        return output.Append('"').ToString();
    }

    private static void Write(StringBuilder output, JsonElement element)
    {
        switch (element.ValueKind)
        {
            case JsonValueKind.Object:
                WriteObject(output, element);
                break;
            case JsonValueKind.Array:
                output.Append('[');
                string separator = "";
                foreach (var item in element.EnumerateArray())
                {
                    output.Append(separator);
                    Write(output, item);
                    separator = ", ";
                }

                output.Append(']');
                break;
            case JsonValueKind.String:
                output.Append(Text(element.GetString()!));
                break;
            case JsonValueKind.Number:
                output.Append(Number(element.GetRawText()));
                break;
            default:
                output.Append(element.GetRawText());
                break;
        }
    }

    private static void WriteObject(StringBuilder output, JsonElement element)
    {
        // As in a dictionary, a name given twice keeps its first place and its last value.
        var members = new OrderedDictionary<string, JsonElement>();
        foreach (var member in element.EnumerateObject())
        {
            members[member.Name] = member.Value;
        }

        output.Append('{');
        string separator = "";
        foreach (var (name, value) in members)
        {
            output.Append(separator).Append(Text(name)).Append(": ");
            Write(output, value);
            separator = ", ";
        }

        output.Append('}');
    }

    private static string Number(string raw)
    {
        if (!raw.AsSpan().ContainsAny('.', 'e', 'E'))
        {
            return BigInteger.Parse(raw, CultureInfo.InvariantCulture).ToString(CultureInfo.InvariantCulture);
        }

        double value = double.Parse(raw, CultureInfo.InvariantCulture);
        if (double.IsInfinity(value))
        {
            return value > 0 ? "Infinity" : "-Infinity";
        }

        if (value == 0)
        {
            return double.IsNegative(value) ? "-0.0" : "0.0";
        }

        // Both languages take the fewest digits that read back as the value; they differ in how they set them.
        string[] parts = Math.Abs(value).ToString("R", CultureInfo.InvariantCulture).Split('E');
        string[] sides = parts[0].Split('.');
        string whole = sides[0].TrimStart('0');
        string fraction = sides.Length > 1 ? sides[1] : "";
        int zeros = whole.Length > 0 ? 0 : fraction.Length - fraction.TrimStart('0').Length;
        string digits = (whole + fraction).TrimStart('0').TrimEnd('0');
        int exponent = (whole.Length > 0 ? whole.Length : -zeros) - 1
            + (parts.Length > 1 ? int.Parse(parts[1], CultureInfo.InvariantCulture) : 0);
        return (value < 0 ? "-" : "") + Set(digits, exponent);
    }

    /// <summary>d.ddd × 10^exponent, with an exponent from 1e16 on and below 1e-4, and else with a decimal point.</summary>
    private static string Set(string digits, int exponent) => exponent switch
    {
        >= 16 or < -4 => string.Create(
            CultureInfo.InvariantCulture,
            $"{digits[0]}{(digits.Length > 1 ? "." : "")}{digits[1..]}e{(exponent < 0 ? '-' : '+')}{Math.Abs(exponent):00}"),
        < 0 => $"0.{new string('0', -exponent - 1)}{digits}",
        _ when digits.Length <= exponent + 1 => $"{digits.PadRight(exponent + 1, '0')}.0",
        _ => $"{digits[..(exponent + 1)]}.{digits[(exponent + 1)..]}",
    };
}
