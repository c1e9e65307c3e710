using System.Collections.Frozen;
using System.Text.Json;

namespace Mistral.Ilgpu.Constraints.Json;

/// <summary>A document with a schema and those that it refers to.</summary>
internal sealed class SchemaDocument
{
    private static readonly Uri Unnamed = new("schema:/");

    // Keywords that say nothing of what a value is.
    private static readonly FrozenSet<string> Annotations = FrozenSet.Create(
        StringComparer.Ordinal, "title", "description", "default", "examples", "deprecated", "readOnly", "writeOnly", "$comment");

    private readonly Dictionary<SchemaNode, SchemaNode> _followed = [];

    private readonly Dictionary<string, SchemaNode> _nodes = new(StringComparer.Ordinal);
    private readonly Dictionary<string, string> _pointers = new(StringComparer.Ordinal);
    private readonly JsonElement _root;
    private int _resources;

    public SchemaDocument(JsonElement root)
    {
        _root = root;
        string? draft = root.ValueKind == JsonValueKind.Object && root.TryGetProperty("$schema", out var name)
            && name.ValueKind == JsonValueKind.String ? name.GetString() : null;
        if (draft?.Contains("draft-03", StringComparison.Ordinal) == true)
        {
            throw new ConstraintSyntaxException($"schema: #/$schema: found {draft}, expected draft 4 or later");
        }

        HidesSiblings = draft?.Contains("draft-0", StringComparison.Ordinal) == true;
        IndexNames(root, "#", Unnamed);
        Root = NodeAt("#", root, Unnamed);
    }

    public SchemaNode Root { get; }

    /// <summary>Whether keywords beside a reference mean nothing, as before 2019.</summary>
    public bool HidesSiblings { get; }

    /// <summary>The schema at a keyword of another, or below it.</summary>
    public SchemaNode Child(SchemaNode node, JsonElement value, params ReadOnlySpan<string> path)
    {
        string pointer = node.Pointer;
        foreach (string step in path)
        {
            pointer += "/" + Escaped(step);
        }

        return NodeAt(pointer, value, node.Base);
    }

    /// <summary>The schema that a reference names.</summary>
    /// <param name="keyword">The keyword of the reference.</param>
    /// <exception cref="ConstraintSyntaxException">It is not in the document, or depends on how a schema was come to.</exception>
    public SchemaNode Resolve(SchemaNode from, string keyword, string reference)
    {
        ConstraintSyntaxException Fault(string expected) => from.Fault(keyword, $"'{reference}'", expected);
        // Among the schemas of one resource, a dynamic reference is like any other.
        if (keyword != "$ref" && _resources > 1)
        {
            throw Fault("one in a document without other '$id's");
        }

        if (!Uri.TryCreate(from.Base, reference, out var target))
        {
            throw Fault("a URI");
        }

        string fragment = Uri.UnescapeDataString(target.Fragment.TrimStart('#'));
        string document = target.GetLeftPart(UriPartial.Query);
        if (!_pointers.TryGetValue(document, out string? pointer) && target.GetLeftPart(UriPartial.Query) != Unnamed.AbsoluteUri
            && !reference.StartsWith('#'))
        {
            throw Fault("a schema of this document");
        }

        pointer ??= "#";
        if (fragment.Length == 0)
        {
            return At(pointer, Fault);
        }

        if (fragment[0] == '/')
        {
            return At(pointer + fragment, Fault);
        }

        return _pointers.TryGetValue(document + "#" + fragment, out string? named)
            ? At(named, Fault)
            : throw Fault("an anchor of this document");
    }

    /// <summary>The schema that one stands for which is a reference alone, so that all references to a schema are one.</summary>
    public SchemaNode Followed(SchemaNode node)
    {
        if (_followed.TryGetValue(node, out var target))
        {
            return target;
        }

        // One that leads back to itself stands for itself.
        var way = new HashSet<SchemaNode>();
        for (target = node; way.Add(target) && Target(target) is { } next; target = _followed.GetValueOrDefault(next, next))
        {
        }

        foreach (var passed in way)
        {
            _followed[passed] = target;
        }

        return target;
    }

    private SchemaNode? Target(SchemaNode node)
    {
        if (!node.Has("$ref") || node.Value.GetProperty("$ref") is not { ValueKind: JsonValueKind.String } reference
            || (!HidesSiblings && node.Value.EnumerateObject().Any(one => one.Name != "$ref" && !Annotations.Contains(one.Name))))
        {
            return null;
        }

        try
        {
            return Resolve(node, "$ref", reference.GetString()!);
        }
        catch (ConstraintSyntaxException)
        {
            // Where a text never comes here, nobody needs it.
            return null;
        }
    }

    private SchemaNode At(string pointer, Func<string, ConstraintSyntaxException> fault)
    {
        var value = _root;
        var id = Unnamed;
        foreach (string step in pointer.Split('/').Skip(1))
        {
            string name = step.Replace("~1", "/", StringComparison.Ordinal).Replace("~0", "~", StringComparison.Ordinal);
            id = BaseOf(value, id);
            if (value.ValueKind == JsonValueKind.Object && value.TryGetProperty(name, out var property))
            {
                value = property;
            }
            else if (value.ValueKind == JsonValueKind.Array && int.TryParse(name, out int index)
                && index >= 0 && index < value.GetArrayLength())
            {
                value = value[index];
            }
            else
            {
                throw fault($"'{name}' in {pointer}, which leads nowhere");
            }
        }

        return NodeAt(pointer, value, id);
    }

    private SchemaNode NodeAt(string pointer, JsonElement value, Uri parent)
    {
        if (!_nodes.TryGetValue(pointer, out var node))
        {
            if (value.ValueKind is not (JsonValueKind.Object or JsonValueKind.True or JsonValueKind.False))
            {
                throw new ConstraintSyntaxException(
                    $"schema: {pointer}: found {value.ValueKind}, expected an object or a boolean");
            }

            _nodes[pointer] = node = new SchemaNode(_nodes.Count, pointer, value, BaseOf(value, parent));
        }

        return node;
    }

    // A step of a JSON pointer (RFC 6901, §3).
    private static string Escaped(string step) =>
        step.Replace("~", "~0", StringComparison.Ordinal).Replace("/", "~1", StringComparison.Ordinal);

    private static Uri BaseOf(JsonElement value, Uri parent) =>
        IdentifierOf(value) is { } id && !id.StartsWith('#') && Uri.TryCreate(parent, id, out var own) ? own : parent;

    private static string? IdentifierOf(JsonElement value)
    {
        foreach (string keyword in new[] { "$id", "id" })
        {
            if (value.ValueKind == JsonValueKind.Object && value.TryGetProperty(keyword, out var id)
                && id.ValueKind == JsonValueKind.String)
            {
                return id.GetString();
            }
        }

        return null;
    }

    // Identifiers and anchors, wherever they are.
    private void IndexNames(JsonElement value, string pointer, Uri parent)
    {
        if (value.ValueKind == JsonValueKind.Array)
        {
            int index = 0;
            foreach (var item in value.EnumerateArray())
            {
                IndexNames(item, $"{pointer}/{index++}", parent);
            }
        }

        if (value.ValueKind != JsonValueKind.Object)
        {
            return;
        }

        var own = BaseOf(value, parent);
        if (own != parent || pointer == "#")
        {
            _pointers.TryAdd(own.GetLeftPart(UriPartial.Query), pointer);
            _resources++;
        }

        if (IdentifierOf(value) is ['#', .. var anchor])
        {
            _pointers.TryAdd(own.GetLeftPart(UriPartial.Query) + "#" + anchor, pointer);
        }

        foreach (string keyword in new[] { "$anchor", "$dynamicAnchor" })
        {
            if (value.TryGetProperty(keyword, out var name) && name.ValueKind == JsonValueKind.String)
            {
                _pointers.TryAdd(own.GetLeftPart(UriPartial.Query) + "#" + name.GetString(), pointer);
            }
        }

        foreach (var property in value.EnumerateObject())
        {
            if (property.Name is not ("enum" or "const" or "default" or "examples"))
            {
                IndexNames(property.Value, $"{pointer}/{Escaped(property.Name)}", own);
            }
        }
    }
}
