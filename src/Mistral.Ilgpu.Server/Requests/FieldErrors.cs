using System.Collections;
using System.ComponentModel.DataAnnotations;
using System.Globalization;
using System.Text.Json;
using System.Text.Json.Serialization.Metadata;
using Mistral.Ilgpu.Server.Errors;

namespace Mistral.Ilgpu.Server.Requests;

/// <summary>Reads fields that a record declares with their types and ranges, and names the one that is wrong.</summary>
internal static class FieldErrors
{
    public static T Read<T>(JsonElement root, JsonTypeInfo<T> type)
    {
        T fields;
        try
        {
            fields = root.Deserialize(type)!;
        }
        catch (JsonException exception)
        {
            throw Wrong(root, type, exception.Path ?? "$");
        }

        foreach (var property in type.Properties)
        {
            RequireRange(property, property.Get?.Invoke(fields!), root);
        }

        return fields;
    }

    private static void RequireRange(JsonPropertyInfo property, object? value, JsonElement root)
    {
        if (value is null || property.AttributeProvider?.GetCustomAttributes(typeof(RangeAttribute), inherit: true)
            is not [RangeAttribute range, ..])
        {
            return;
        }

        // A number too large for its type is infinite, which no range holds.
        if (!range.IsValid(value) || value is double.NaN)
        {
            string least = Convert.ToString(range.Minimum, CultureInfo.InvariantCulture)!;
            string most = Convert.ToString(range.Maximum, CultureInfo.InvariantCulture)!;
            bool isOpen = range.Maximum is int.MaxValue or double.MaxValue;
            string expected = range.MinimumIsExclusive
                ? isOpen ? $"more than {least}" : $"more than {least}, at most {most}"
                : isOpen ? $"{least} or more" : $"{least} to {most}";
            throw ApiException.Wrong(property.Name, root.GetProperty(property.Name).GetRawText(), expected);
        }
    }

    // The path is of the form $.logit_bias.50 or $.guided_choice[1].
    private static ApiException Wrong(JsonElement root, JsonTypeInfo info, string path)
    {
        string parameter = path.TrimStart('$').TrimStart('.');
        string[] names = parameter.Split('.', 2);
        var property = info.Properties.FirstOrDefault(property => property.Name == names[0].Split('[')[0]);
        if (property is null || !root.TryGetProperty(property.Name, out var value))
        {
            return new ApiException(
                400, $"{parameter}: found another value than expected", parameter.Length == 0 ? null : parameter);
        }

        var type = Nullable.GetUnderlyingType(property.PropertyType) ?? property.PropertyType;
        if (names.Length == 1 && property.Name == parameter)
        {
            return ApiException.Wrong(parameter, value.GetRawText(), Described(type));
        }

        bool isInside = names.Length == 2 && value.ValueKind == JsonValueKind.Object;
        string found = isInside && value.TryGetProperty(names[1], out var inner) ? inner.GetRawText() : value.GetRawText();
        var ofInner = type.GenericTypeArguments.LastOrDefault()
            ?? info.Options.GetTypeInfo(type).Properties.FirstOrDefault(property => property.Name == names[^1])?.PropertyType
            ?? type;
        return ApiException.Wrong(parameter, found, Described(Nullable.GetUnderlyingType(ofInner) ?? ofInner));
    }

    private static string Described(Type type) =>
        type == typeof(bool) ? "true or false"
        : type == typeof(string) ? "a string"
        : type == typeof(double) || type == typeof(float) ? "a number"
        : type == typeof(int) ? "a whole number that fits 32 bits"
        : type == typeof(long) ? "a whole number that fits 64 bits"
        : type.Name.Contains("Dictionary", StringComparison.Ordinal) ? "an object of numbers"
        : type.IsAssignableTo(typeof(IEnumerable)) ? "a list"
        : "an object";
}
