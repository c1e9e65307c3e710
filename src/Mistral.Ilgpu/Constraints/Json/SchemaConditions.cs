using System.Collections.Frozen;
using System.Text.Json;

namespace Mistral.Ilgpu.Constraints.Json;

/// <summary>Adds what a schema says to conditions: each way to match it is an alternative.</summary>
internal sealed partial class SchemaConditions(SchemaCompiler compiler)
{
    private static readonly string[] References = ["$ref", "$dynamicRef", "$recursiveRef"];

    // Keywords, and the value of each that says nothing.
    private static readonly FrozenDictionary<string, JsonValueKind> Refused = new Dictionary<string, JsonValueKind>
    {
        ["uniqueItems"] = JsonValueKind.False,
        ["unevaluatedItems"] = JsonValueKind.True,
        ["unevaluatedProperties"] = JsonValueKind.True,
    }.ToFrozenDictionary(StringComparer.Ordinal);

    private const int MostUnchecked = 32;

    // How many more alternatives than are dropped may be looked at in vain.
    private int _checks = 200;

    // Schemas of the same value that are being added, because one may lead back to itself.
    private HashSet<SchemaLiteral> _open = [];

    private SchemaDocument Document => compiler.Document;

    /// <summary>The ways to match all of some schemas.</summary>
    public List<ValueConditions> Of(IEnumerable<SchemaLiteral> schemas)
    {
        // Those that are open belong to another value.
        var outer = _open;
        _open = [];
        try
        {
            List<ValueConditions> start = [ValueConditions.None];
            return schemas.Aggregate(start, Apply);
        }
        finally
        {
            _open = outer;
        }
    }

    private List<ValueConditions> Apply(List<ValueConditions> all, SchemaLiteral literal)
    {
        var (node, isPositive) = literal;
        if (all.Count == 0)
        {
            return all;
        }

        if (node.Value.ValueKind != JsonValueKind.Object)
        {
            return node.Value.ValueKind == JsonValueKind.True == isPositive ? all : [];
        }

        ConstraintLimits.Require(_open.Count < ConstraintLimits.Depth, "schema", $"references {_open.Count} deep");
        // A way that leads back to itself adds none.
        if (!_open.Add(literal))
        {
            return [];
        }

        try
        {
            return isPositive ? Positive(all, node) : Negative(all, node);
        }
        finally
        {
            _open.Remove(literal);
        }
    }

    private List<ValueConditions> Positive(List<ValueConditions> all, SchemaNode node)
    {
        all = ReferredTo(node).Aggregate(all, Apply);
        if (Document.HidesSiblings && node.Has("$ref"))
        {
            return all;
        }

        RefuseUnsupported(node);
        // What leaves fewest alternatives comes first.
        all = Types(all, node);
        all = Constants(all, node);
        all = Numbers(all, node);
        all = Strings(all, node);
        all = Objects(all, node);
        all = Arrays(all, node);
        foreach (var schema in Schemas(node, "allOf"))
        {
            all = Apply(all, schema);
        }

        if (Schema(node, "not") is { } not)
        {
            all = Apply(all, not.Opposite);
        }

        all = IfThenElse(all, node);
        all = OneOf(all, node);
        if (node.Has("anyOf"))
        {
            var before = all;
            all = Union(Schemas(node, "anyOf").Select(schema => Apply(before, schema)));
        }

        return all;
    }

    private List<ValueConditions> Union(IEnumerable<List<ValueConditions>> ways)
    {
        List<ValueConditions> all = [];
        int most = 0;
        foreach (var way in ways)
        {
            most = Math.Max(most, way.Count);
            all.AddRange(way);
            if (all.Count > ConstraintLimits.Alternatives)
            {
                all = ValueConditions.Joined(all);
                ConstraintLimits.Require(
                    all.Count <= ConstraintLimits.Alternatives, "schema", $"{all.Count} alternatives of one value");
            }
        }

        all = all.Count > most ? ValueConditions.Joined(all) : all;
        if (all.Count <= Math.Max(most, MostUnchecked) || _checks <= 0)
        {
            return all;
        }

        // Many alternatives are products, most of which may contradict themselves. Where few do, looking for them ends.
        List<ValueConditions> possible = [.. all.Where(compiler.IsSatisfiable)];
        _checks -= possible.Count - (all.Count - possible.Count);
        return possible;
    }

    // Narrows each alternative, and drops those that are narrowed to nothing.
    private static List<ValueConditions> Narrow(List<ValueConditions> all, Func<ValueConditions, ValueConditions?> narrow) =>
        [.. all.Select(narrow).OfType<ValueConditions>()];

    private List<ValueConditions> IfThenElse(List<ValueConditions> all, SchemaNode node)
    {
        if (Schema(node, "if") is not { } condition || !(node.Has("then") || node.Has("else")))
        {
            return all;
        }

        var otherwise = Apply(all, condition.Opposite);
        if (!node.Has("else"))
        {
            return Implied(all, otherwise, () => Apply(all, condition), Schema(node, "then")!.Value);
        }

        var then = Apply(all, condition);
        return Union([
            Schema(node, "then") is { } thenSchema ? Apply(then, thenSchema) : then,
            Apply(otherwise, Schema(node, "else")!.Value)]);
    }

    // A condition does not hold, or it does and so does a schema. Without the condition that is the same, and better where both
    // are one more thing that may be so of an object, but else has more alternatives that do not contradict each other.
    private List<ValueConditions> Implied(
        List<ValueConditions> all, List<ValueConditions> otherwise, Func<List<ValueConditions>> with, SchemaLiteral schema)
    {
        var either = ValueConditions.Joined([.. otherwise, .. Apply(all, schema)]);
        return either.Count <= otherwise.Count ? either : Union([otherwise, Apply(with(), schema)]);
    }

    // Exactly one matches: each, and none of the others that a value of it may match too.
    private List<ValueConditions> OneOf(List<ValueConditions> all, SchemaNode node)
    {
        if (!node.Has("oneOf"))
        {
            return all;
        }

        var schemas = Schemas(node, "oneOf");
        var ways = new List<List<ValueConditions>>();
        foreach (var one in schemas)
        {
            var way = Apply(all, one);
            foreach (var other in schemas)
            {
                if (other != one && way.Count > 0 && compiler.IsSatisfiable(compiler.GoalOf([one, other])))
                {
                    way = Apply(way, other.Opposite);
                }
            }

            ways.Add(way);
        }

        return Union(ways);
    }

    private static void RefuseUnsupported(SchemaNode node)
    {
        foreach (var property in node.Value.EnumerateObject())
        {
            if (Refused.TryGetValue(property.Name, out var none) && property.Value.ValueKind != none)
            {
                throw node.Fault(property.Name, "a keyword that is not supported", "none of that name");
            }
        }
    }

    private IEnumerable<SchemaLiteral> ReferredTo(SchemaNode node)
    {
        foreach (string keyword in References)
        {
            if (node.Find(keyword, JsonValueKind.String) is { } reference)
            {
                yield return new SchemaLiteral(Document.Resolve(node, keyword, reference.GetString()!), IsPositive: true);
            }
        }
    }

    private SchemaLiteral? Schema(SchemaNode node, string keyword) => node.Value.TryGetProperty(keyword, out var value)
        ? new SchemaLiteral(Document.Child(node, value, keyword), IsPositive: true)
        : null;

    private List<SchemaLiteral> Schemas(SchemaNode node, string keyword)
    {
        List<SchemaLiteral> schemas = [];
        if (node.Find(keyword, JsonValueKind.Array) is { } array)
        {
            foreach (var value in array.EnumerateArray())
            {
                schemas.Add(new SchemaLiteral(Document.Child(node, value, keyword, $"{schemas.Count}"), IsPositive: true));
            }
        }

        return schemas;
    }
}
