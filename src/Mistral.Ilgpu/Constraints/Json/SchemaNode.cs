using System.Text.Json;

namespace Mistral.Ilgpu.Constraints.Json;

/// <summary>A schema within a document.</summary>
/// <param name="id">Its number.</param>
/// <param name="pointer">Where it is, as a JSON pointer.</param>
/// <param name="value">An object or a boolean.</param>
/// <param name="identifier">The URI that references in it are relative to.</param>
internal sealed class SchemaNode(int id, string pointer, JsonElement value, Uri identifier)
{
    public int Id => id;

    public string Pointer => pointer;

    public JsonElement Value => value;

    public Uri Base => identifier;

    public bool Has(string keyword) => value.ValueKind == JsonValueKind.Object && value.TryGetProperty(keyword, out _);

    /// <summary>A keyword of one kind; null if the schema has none.</summary>
    /// <exception cref="ConstraintSyntaxException">It is of another kind.</exception>
    public JsonElement? Find(string keyword, params ReadOnlySpan<JsonValueKind> kinds)
    {
        if (!value.TryGetProperty(keyword, out var found))
        {
            return null;
        }

        return kinds.Contains(found.ValueKind)
            ? found
            : throw Fault(keyword, found.ValueKind.ToString(), string.Join(" or ", kinds.ToArray()));
    }

    /// <summary>A keyword that is a whole number from 0; null if the schema has none.</summary>
    public int? FindCount(string keyword) => Find(keyword, JsonValueKind.Number) is not { } number ? null
        : number.TryGetDouble(out double count) && count >= 0 && Math.Floor(count) == count
            ? (int)Math.Min(count, int.MaxValue - 1)
        : throw Fault(keyword, number.GetRawText(), "a whole number from 0");

    public ConstraintSyntaxException Fault(string keyword, string found, string expected) =>
        new($"schema: {pointer}/{keyword}: found {found}, expected {expected}");
}
