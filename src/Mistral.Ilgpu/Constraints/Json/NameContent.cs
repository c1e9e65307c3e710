using Mistral.Ilgpu.Constraints.Languages;

namespace Mistral.Ilgpu.Constraints.Json;

/// <summary>The names that may follow in an object.</summary>
internal sealed class NameContent : IContent
{
    private readonly NameTree _names;
    private readonly NameSet _allowed;
    private readonly TextAutomaton? _others;
    private readonly TextAutomaton[] _patterns;
    private readonly List<State> _states = [];
    private readonly Dictionary<State, int> _ids = [];

    /// <param name="allowed">Names of the shape that may follow.</param>
    /// <param name="others">Other names; null for none.</param>
    /// <param name="patterns">Patterns that decide what the value of another name must be.</param>
    public NameContent(NameTree names, NameSet allowed, TextAutomaton? others, TextAutomaton[] patterns)
    {
        (_names, _allowed, _others, _patterns) = (names, allowed, others, patterns);
        Start = StateOf(new State(0, others?.Start ?? -1, [.. patterns.Select(pattern => pattern.Start)]));
    }

    /// <summary>The first state; −1 if no name may follow.</summary>
    public int Start { get; }

    public int Next(int state, byte value)
    {
        var (node, other, patterns) = _states[state];
        return StateOf(new State(
            node < 0 ? -1 : _names.Next(node, value),
            other < 0 ? -1 : _others!.Next(other, value),
            other < 0 ? [] : [.. patterns.Select((pattern, i) => pattern < 0 ? -1 : _patterns[i].Next(pattern, value))]));
    }

    public bool IsAccepting(int state)
    {
        var (node, other, _) = _states[state];
        // A name of the shape is never another one.
        return node >= 0 && _names.NameAt(node) is >= 0 and var name
            ? _allowed.Contains(name)
            : other >= 0 && _others!.IsAccepting(other);
    }

    public bool IsUniversal(int state)
    {
        var (node, other, patterns) = _states[state];
        return node < 0 && other >= 0 && _others!.IsUniversal(other)
            && patterns.Select((pattern, i) => pattern < 0 || _patterns[i].IsUniversal(pattern)).All(isDecided => isDecided);
    }

    /// <summary>The name of the shape that a state has come to; −1 for another.</summary>
    public int NameOf(int state) => _states[state].Node is >= 0 and var node ? _names.NameAt(node) : -1;

    /// <summary>The patterns that are found in the name, a bit for each.</summary>
    public long PatternsOf(int state)
    {
        long found = 0;
        var patterns = _states[state].Patterns;
        for (int i = 0; i < patterns.Length; i++)
        {
            found |= patterns[i] >= 0 && _patterns[i].IsAccepting(patterns[i]) ? 1L << i : 0;
        }

        return found;
    }

    private int StateOf(State state)
    {
        // No name that may follow is below the node.
        if (state.Node >= 0 && _names.NamesBelow(state.Node) is var (first, end) && state.Other < 0
            && !_allowed.HasBetween(first, end))
        {
            state = state with { Node = -1 };
        }

        if (state.Node < 0 && state.Other < 0)
        {
            return -1;
        }

        if (!_ids.TryGetValue(state, out int id))
        {
            ConstraintLimits.Require(_states.Count < ConstraintLimits.States, "propertyNames", "too many states");
            _ids[state] = id = _states.Count;
            _states.Add(state);
        }

        return id;
    }

    private readonly record struct State(int Node, int Other, int[] Patterns)
    {
        public bool Equals(State other) =>
            Node == other.Node && Other == other.Other && Patterns.AsSpan().SequenceEqual(other.Patterns);

        public override int GetHashCode()
        {
            var hash = new HashCode();
            hash.Add(Node);
            hash.Add(Other);
            foreach (int pattern in Patterns)
            {
                hash.Add(pattern);
            }

            return hash.ToHashCode();
        }
    }
}
