using System.Globalization;
using System.Text.Json;
using System.Text.Unicode;

namespace Mistral.Ilgpu;

/// <summary>Reads the fields of a JSON object in a model file. Errors name the file and the field.</summary>
internal sealed class JsonFields
{
    private readonly string _file;
    private readonly Dictionary<string, JsonElement> _fields = new(StringComparer.Ordinal);

    public JsonFields(JsonElement root, string file)
    {
        _file = file;
        if (root.ValueKind != JsonValueKind.Object)
        {
            throw new ModelFileException(file, $"found JSON {root.ValueKind}, expected an object");
        }

        foreach (var property in root.EnumerateObject())
        {
            string name = Unicode(() => property.Name);
            if (!_fields.TryAdd(name, property.Value))
            {
                throw new ModelFileException(file, $"{name}: found twice, expected once") { Field = name };
            }
        }
    }

    public static JsonFields Parse(ReadOnlyMemory<byte> json, string file) => new(ParseRoot(json, file), file);

    public static JsonElement ParseRoot(ReadOnlyMemory<byte> json, string file)
    {
        if (!Utf8.IsValid(json.Span))
        {
            throw new ModelFileException(file, "not valid JSON: found bytes that are not UTF-8");
        }

        try
        {
            using var document = JsonDocument.Parse(json);
            return document.RootElement.Clone();
        }
        catch (JsonException exception)
        {
            throw new ModelFileException(file, $"not valid JSON: {exception.Message}");
        }
    }

    public bool Has(string name) => _fields.ContainsKey(name);

    public IEnumerable<KeyValuePair<string, JsonElement>> All => _fields;

    public JsonElement? Find(string name) =>
        _fields.TryGetValue(name, out var value) && value.ValueKind != JsonValueKind.Null ? value : null;

    public string? Text(string name) => Find(name) switch
    {
        null => null,
        { ValueKind: JsonValueKind.String } value => Unicode(() => value.GetString()!, name),
        var value => throw Error(name, value.Value, "a string"),
    };

    public bool Flag(string name) => Find(name)?.ValueKind switch
    {
        null or JsonValueKind.False => false,
        JsonValueKind.True => true,
        _ => throw Error(name, Find(name)!.Value, "true or false"),
    };

    public int? Count(string name) => Find(name) is { } value
        ? value.ValueKind == JsonValueKind.Number && value.TryGetInt32(out int count) && count >= 1
            ? count
            : throw Error(name, value, "a whole number from 1")
        : null;

    public int RequiredCount(string name) => Count(name) ?? throw Error(name, "nothing", "a whole number from 1");

    public double? PositiveNumber(string name) => Find(name) is { } value
        ? value.ValueKind == JsonValueKind.Number && value.TryGetDouble(out double number)
            && number > 0 && double.IsFinite(number)
            ? number
            : throw Error(name, value, "a positive number")
        : null;

    /// <summary>A positive number that fits float32.</summary>
    public float? PositiveFloat(string name) => PositiveNumber(name) switch
    {
        null => null,
        { } number when (float)number is > 0 and < float.PositiveInfinity => (float)number,
        _ => throw Error(name, Find(name)!.Value, "a positive float32 number"),
    };

    public float RequiredFloat(string name) => PositiveFloat(name) ?? throw Error(name, "nothing", "a positive number");

    /// <summary>The strings of a list.</summary>
    public IReadOnlyList<string>? Texts(string name) => Find(name) switch
    {
        null => null,
        { ValueKind: JsonValueKind.Array } list => [.. list.EnumerateArray().Select(
            element => element.ValueKind == JsonValueKind.String
                ? Unicode(() => element.GetString()!, name)
                : throw Error(name, element, "a list of strings"))],
        var value => throw Error(name, value.Value, "a list of strings"),
    };

    /// <summary>One id, or a list of ids.</summary>
    public IEnumerable<int> Ids(string name)
    {
        var value = Find(name);
        if (value is null)
        {
            return [];
        }

        JsonElement[] elements = value.Value.ValueKind == JsonValueKind.Array ? [.. value.Value.EnumerateArray()] : [value.Value];
        return elements.Select(element => element.ValueKind == JsonValueKind.Number && element.TryGetInt32(out int id) && id >= 0
            ? id
            : throw Error(name, element, "a token id or a list of them"));
    }

    /// <summary>An object in the list under a name.</summary>
    public JsonFields Item(string name, JsonElement item) => new(item, $"{_file}: {name}");

    /// <summary>The object under a name.</summary>
    public JsonFields? Object(string name) => Find(name) is { } value ? new JsonFields(value, $"{_file}: {name}") : null;

    // An escape can encode half of a surrogate pair, which is detected only when the text is read.
    private string Unicode(Func<string> text, string? name = null)
    {
        try
        {
            return text();
        }
        catch (InvalidOperationException)
        {
            throw new ModelFileException(
                _file, $"{(name is null ? "" : $"{name}: ")}found text that is not valid Unicode, expected whole characters")
            {
                Field = name,
            };
        }
    }

    public ModelFileException Error(string name, JsonElement found, string expected)
    {
        string raw = found.GetRawText();
        return Error(name, raw.Length > 80 ? raw[..80] + "…" : raw, expected);
    }

    public ModelFileException Error(string name, string found, string expected) =>
        new(_file, string.Create(CultureInfo.InvariantCulture, $"{name}: found {found}, expected {expected}")) { Field = name };
}
