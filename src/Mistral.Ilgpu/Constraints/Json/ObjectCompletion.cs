namespace Mistral.Ilgpu.Constraints.Json;

/// <summary>Whether, and how, objects of a shape can be completed. Not to be asked by a text while a schema is still being read,
/// because one that leads back to itself is then taken to match something.</summary>
internal sealed class ObjectCompletion(ObjectShape shape, ObjectDenials denials)
{
    // More than any object has.
    private const int Never = int.MaxValue / 2;
    private const int MostWays = 64;

    private readonly Dictionary<(int Name, long Patterns, int Found), List<ObjectWay>> _ways = [];
    private readonly Dictionary<(NameSet, int), int> _missing = [];
    private readonly Dictionary<(NameSet, int, int), (NameSet, ulong)> _allowed = [];

    private readonly Lazy<NameSet> _possible = new(() =>
        NameSet.Of(Enumerable.Range(0, shape.Names.All.Count).Where(shape.IsPossible)));

    // The names of the shape whose values can be something.
    private NameSet Possible => _possible.Value;

    // Whether what follows must be looked for, and is not just the names that are required.
    private bool IsTight => denials.Count > 0 || (shape.Max != int.MaxValue && shape.HasDependents);

    /// <summary>Whether an object with these properties can be completed.</summary>
    public bool Fits(NameSet seen, int count, int found) => Missing(seen, found) is < Never and var missing
        && (shape.Max == int.MaxValue || count + missing <= shape.Max);

    /// <summary>The names of the shape that may follow, and the classes of other names, a bit for each.</summary>
    public (NameSet Names, ulong Others) Allowed(NameSet seen, int count, int found)
    {
        if (!IsTight)
        {
            var missing = shape.RequiredBy(seen).Without(seen);
            return count >= shape.Max ? (NameSet.Empty, 0)
                : shape.Max != int.MaxValue && count + missing.Count >= shape.Max ? (missing, 0)
                : (Possible.Without(seen), ulong.MaxValue);
        }

        if (!_allowed.TryGetValue((seen, count, found), out var allowed))
        {
            var names = Enumerable.Range(0, shape.Names.All.Count).Where(name =>
                Possible.Contains(name) && !seen.Contains(name)
                && ((shape.Max == int.MaxValue && IsHarmless(name))
                    || WaysOf(name, found).Exists(way => Fits(seen.With(name), count + 1, way.Found))));
            ulong others = 0;
            for (int i = 0; i < shape.Others.Count; i++)
            {
                var ways = WaysOfOther(shape.Others[i].Patterns, found);
                bool isIn = shape.Max == int.MaxValue || ways.Exists(way => Fits(seen, count + 1, way.Found));
                others |= isIn ? 1UL << i : 0;
            }

            _allowed[(seen, count, found)] = allowed = (NameSet.Of(names), others);
        }

        return allowed;
    }

    /// <summary>The ways to go on by a name of the shape.</summary>
    public List<ObjectWay> WaysOf(int name, int found)
    {
        if (!_ways.TryGetValue((name, 0, found), out var ways))
        {
            _ways[(name, 0, found)] = ways = shape.GoalOf(name) is { } goal
                ? WaysOf(new ObjectWay(name, goal, found), denials.OfName(name))
                : [];
        }

        return ways;
    }

    /// <summary>The ways to go on by another name.</summary>
    /// <param name="patterns">The patterns that are found in it, and behind them languages of denials, a bit for each.</param>
    public List<ObjectWay> WaysOfOther(long patterns, int found)
    {
        if (!_ways.TryGetValue((-1, patterns, found), out var ways))
        {
            _ways[(-1, patterns, found)] = ways = WaysOf(
                new ObjectWay(-1, shape.GoalOfOther(patterns), found), denials.OfOther(patterns >> shape.PatternCount));
        }

        return ways;
    }

    // A name that is no reason to deny less, and asks for no other.
    private bool IsHarmless(int name) => !shape.HasDependentsOf(name) && !denials.Missing.Any(names => names.Contains(name));

    private List<ObjectWay> WaysOf(ObjectWay first, IEnumerable<(int Denial, SchemaLiteral? Value)> witnesses)
    {
        var compiler = shape.Compiler;
        List<ObjectWay> ways = compiler.IsSatisfiable(first.Goal) ? [first] : [];
        foreach (var (denial, value) in witnesses)
        {
            List<ObjectWay> next = [];
            foreach (var way in ways)
            {
                int found = way.Found | (1 << denial);
                if (value is not { } own)
                {
                    next.Add(way with { Found = found });
                }
                else if (found == way.Found)
                {
                    next.Add(way);
                }
                else
                {
                    // A value is a witness or not, so that no value has two ways.
                    Add(way with { Goal = compiler.With(way.Goal, own), Found = found });
                    Add(way with { Goal = compiler.With(way.Goal, own.Opposite) });
                }
            }

            ConstraintLimits.Require(next.Count <= MostWays, "schema", $"{next.Count} alternatives of one property");
            ways = next;

            void Add(ObjectWay way)
            {
                if (compiler.IsSatisfiable(way.Goal))
                {
                    next.Add(way);
                }
            }
        }

        return ways;
    }

    // The fewest properties that complete an object.
    private int Missing(NameSet seen, int found)
    {
        if (!_missing.TryGetValue((seen, found), out int missing))
        {
            ConstraintLimits.Require(_missing.Count < ConstraintLimits.States, "schema", "too many ways to complete an object");
            _missing[(seen, found)] = missing = Search(seen, found);
        }

        return missing;
    }

    private int Search(NameSet seen, int found)
    {
        var required = shape.RequiredBy(seen).Without(seen);
        int denial = denials.FirstOpen(seen.Union(required), found);
        if (denial < 0)
        {
            return required.Count;
        }

        // A witness is needed. Where any number of properties may follow, other names are never used up.
        int fewest = Never;
        foreach (var (_, patterns) in shape.Others)
        {
            foreach (var way in WaysOfOther(patterns, found).Where(IsWitness))
            {
                fewest = Math.Min(fewest, 1 + Missing(seen, way.Found));
            }
        }

        for (int name = 0; name < shape.Names.All.Count && (fewest >= Never || shape.Max != int.MaxValue); name++)
        {
            if (!seen.Contains(name) && Possible.Contains(name))
            {
                foreach (var way in WaysOf(name, found).Where(IsWitness))
                {
                    fewest = Math.Min(fewest, 1 + Missing(seen.With(name), way.Found));
                }
            }
        }

        return Math.Min(fewest, Never);

        bool IsWitness(ObjectWay way) => (way.Found >> denial & 1) != 0;
    }
}
