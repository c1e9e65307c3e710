namespace Mistral.Ilgpu.Constraints.Json;

/// <summary>Which arrays a value may be.</summary>
internal sealed class ArrayShape
{
    // An item has two ways for each thing that the array must contain.
    private const int MostContains = 6;

    private readonly List<Goal> _first;
    private readonly Goal _rest;
    private readonly int _min;
    private readonly int _max;
    private readonly ArrayContains[] _contains;

    // How much one more of each counts in a sum that holds all counts.
    private readonly long[] _units;
    private readonly int _alike;
    private readonly Dictionary<(int Index, long Counted), IReadOnlyList<ArrayWay>> _ways = [];
    private readonly Lazy<HashSet<(int Index, long Counted)>?> _live;

    public ArrayShape(SchemaCompiler compiler, ValueConditions conditions)
    {
        Compiler = compiler;
        var layers = conditions.Items;
        int first = layers.Select(layer => layer.First.Count).DefaultIfEmpty().Max();
        _first = [.. Enumerable.Range(0, first).Select(index => compiler.GoalOf(
            layers.Select(layer => index < layer.First.Count ? layer.First[index] : layer.Rest).OfType<SchemaLiteral>()))];
        _rest = compiler.GoalOf(layers.Select(layer => layer.Rest).OfType<SchemaLiteral>());
        (_min, _max) = (conditions.MinItems, conditions.MaxItems);
        _contains = [.. conditions.Contains];
        ConstraintLimits.Require(_contains.Length <= MostContains, "contains", $"{_contains.Length} of one array");
        _alike = Math.Max(
            Math.Max(first, _max == int.MaxValue ? _min : _max), _contains.Select(one => one.From).DefaultIfEmpty().Max());
        _units = new long[_contains.Length];
        UInt128 unit = 1;
        for (int i = 0; i < _contains.Length; i++)
        {
            _units[i] = (long)unit;
            unit *= (UInt128)_contains[i].Last + 1;
            ConstraintLimits.Require(unit <= ConstraintLimits.States, "contains", $"a count of {_contains[i].Last} items");
        }

        // Asked for once a text comes here, when no schema is still being read.
        _live = new(Live);
    }

    public SchemaCompiler Compiler { get; }

    /// <summary>What items may be.</summary>
    public IEnumerable<Goal> Goals => _first.Append(_rest);

    /// <summary>Whether some array has the shape.</summary>
    public bool IsSatisfiable => _min <= _max
        && (Live() is { } live ? live.Contains((0, 0)) : Enumerable.Range(0, Math.Min(_min, _first.Count + 1)).All(CanHave));

    /// <summary>The number of an item, where all past some are alike.</summary>
    public int Numbered(int index) => Math.Min(index, _alike);

    public bool CanEnd(int index, long counted)
    {
        bool hasAll = index >= _min;
        for (int i = 0; i < _contains.Length && hasAll; i++)
        {
            hasAll = CountOf(counted, i) >= _contains[i].Min;
        }

        return hasAll;
    }

    /// <summary>The ways to go on by one more item, each of which can be completed.</summary>
    /// <param name="index">Items so far.</param>
    /// <param name="counted">How many of them are what the array must contain, all counts in one number; 0 at first.</param>
    public IReadOnlyList<ArrayWay> WaysOf(int index, long counted)
    {
        if (!_ways.TryGetValue((index, counted), out var ways))
        {
            _ways[(index, counted)] = ways = [.. AllWaysOf(index, counted)
                .Where(way => _live.Value?.Contains((Numbered(index + 1), way.Counted)) != false)];
        }

        return ways;
    }

    private int CountOf(long counted, int i) => (int)(counted / _units[i] % (_contains[i].Last + 1));

    private Goal GoalOf(int index) => index < _first.Count ? _first[index] : _rest;

    private bool CanHave(int index) => index < _max && Compiler.IsSatisfiable(GoalOf(index));

    // The ways that the item itself allows.
    private List<ArrayWay> AllWaysOf(int index, long counted)
    {
        if (!CanHave(index))
        {
            return [];
        }

        List<ArrayWay> ways = [new(GoalOf(index), counted)];
        for (int i = 0; i < _contains.Length; i++)
        {
            var one = _contains[i];
            int count = CountOf(counted, i);
            bool isLimited = one.Max != int.MaxValue;
            if (index < one.From || (!isLimited && count == one.Min))
            {
                continue;
            }

            List<ArrayWay> next = [];
            foreach (var way in ways)
            {
                if (count < one.Last && Compiler.With(way.Goal, one.Item) is var also && Compiler.IsSatisfiable(also))
                {
                    next.Add(new(also, way.Counted + _units[i]));
                }

                // Without a limit an item that counts may as well not count.
                if ((isLimited ? Compiler.With(way.Goal, one.Item.Opposite) : way.Goal) is var other
                    && Compiler.IsSatisfiable(other))
                {
                    next.Add(new(other, way.Counted));
                }
            }

            ways = next;
        }

        return ways;
    }

    // The numbers of items, and counts, from which an array can be completed; null for all, where nothing is counted.
    private HashSet<(int Index, long Counted)>? Live()
    {
        if (_contains.Length == 0)
        {
            return null;
        }

        var from = new Dictionary<(int Index, long Counted), List<(int Index, long Counted)>> { [(0, 0)] = [] };
        var open = new Queue<(int Index, long Counted)>([(0, 0)]);
        var live = new HashSet<(int Index, long Counted)>();
        var back = new Stack<(int Index, long Counted)>();
        while (open.TryDequeue(out var state))
        {
            ConstraintLimits.Require(from.Count < ConstraintLimits.States, "contains", "too many items and counts");
            if (CanEnd(state.Index, state.Counted) && live.Add(state))
            {
                back.Push(state);
            }

            foreach (var way in AllWaysOf(state.Index, state.Counted))
            {
                var next = (Numbered(state.Index + 1), way.Counted);
                if (!from.TryGetValue(next, out var before))
                {
                    from[next] = before = [];
                    open.Enqueue(next);
                }

                before.Add(state);
            }
        }

        while (back.TryPop(out var state))
        {
            foreach (var before in from[state].Where(live.Add))
            {
                back.Push(before);
            }
        }

        return live;
    }
}
