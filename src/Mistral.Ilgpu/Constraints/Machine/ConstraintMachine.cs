using System.Runtime.InteropServices;
using Mistral.Ilgpu.Constraints.Tokens;

namespace Mistral.Ilgpu.Constraints.Machine;

/// <summary>
/// Reads texts byte by byte, in all ways at once. Its states are made as they are met and kept, so that a text in a form that was
/// seen before costs a look-up for each byte. For one thread.
/// </summary>
internal sealed class ConstraintMachine
{
    // About 100 MB of states and masks. Texts under way keep theirs.
    private const int MostStates = 20_000;

    private readonly Dictionary<(Item, Branch?), Branch> _branches = [];
    private readonly Dictionary<StateKey, MachineState> _states = [];
    private readonly StepResult _result;
    private int _branchCount;

    public ConstraintMachine() => _result = new StepResult(this);

    /// <summary>The state of an empty text.</summary>
    public MachineState Start(FormSequence? form)
    {
        _result.Clear();
        FormSequence.Enter(form, null, _result);
        return Taken();
    }

    /// <summary>The state of an empty text whose first space, if it has one, is no part of it.</summary>
    /// <param name="start">The state of an empty text.</param>
    public MachineState StartBehindSpace(MachineState start)
    {
        _result.Clear();
        LeadingSpaceItem.Enter(start, _result);
        return Taken();
    }

    public Branch BranchOf(Item item, Branch? parent)
    {
        ref var branch = ref CollectionsMarshal.GetValueRefOrAddDefault(_branches, (item, parent), out bool isKnown);
        return isKnown ? branch! : branch = new Branch(_branchCount++, item, parent);
    }

    /// <summary>The state behind a byte, see <see cref="MachineState.Dead"/>.</summary>
    public MachineState Step(MachineState state, byte value)
    {
        if (state.Branches.Length == 0)
        {
            return MachineState.Dead;
        }

        state.Next ??= new MachineState?[256];
        return state.Next[value] ??= Compute(state, value);
    }

    /// <summary>The state behind a control token.</summary>
    public MachineState StepControl(MachineState state, int id)
    {
        _result.Clear();
        foreach (var branch in state.Branches)
        {
            branch.Item.StepControl(branch, id, _result);
        }

        return Taken();
    }

    /// <summary>The tokens that may follow. Those that end a text are not among them.</summary>
    public TokenMask MaskOf(MachineState state, TokenTrie trie) => state.Mask ??= ComputeMask(state, trie);

    /// <summary>Forgets what is kept where that has become much. States that someone holds stay valid.</summary>
    public void Trim()
    {
        if (_states.Count > MostStates)
        {
            _states.Clear();
            _branches.Clear();
        }
    }

    private MachineState Compute(MachineState state, byte value)
    {
        _result.Clear();
        foreach (var branch in state.Branches)
        {
            branch.Item.Step(branch, value, _result);
        }

        return Taken();
    }

    private TokenMask ComputeMask(MachineState state, TokenTrie trie)
    {
        var mask = new TokenMask(trie.VocabularySize);
        List<Branch> others = [];
        foreach (var branch in state.Branches)
        {
            branch.Item.AddControls(mask);
            if (branch.Item is not LexemeItem item || item.Lexeme.TokensOf(item.State, trie) is not { } tokens)
            {
                others.Add(branch);
                continue;
            }

            mask.Add(tokens.Within);
            var (known, after) = (-1, MachineState.Dead);
            foreach (var (node, final) in tokens.Exits)
            {
                if (final != known)
                {
                    (known, after) = (final, After(branch.Parent, final));
                }

                if (!after.IsDead)
                {
                    trie.Add(node, mask);
                    Walk(after, trie, node + 1, trie.EndOf(node), trie.DepthOf(node) + 1, mask);
                }
            }
        }

        if (others.Count > 0)
        {
            var rest = others.Count == state.Branches.Length ? state : StateOf([.. others], isComplete: false);
            Walk(rest, trie, 0, trie.Count, 0, mask);
        }

        return mask;
    }

    private MachineState After(Branch? below, int final)
    {
        _result.Clear();
        _result.Return(below, final);
        return Taken();
    }

    // Adds the tokens of the nodes that the text can go on with.
    private void Walk(MachineState state, TokenTrie trie, int node, int end, int depth, TokenMask mask)
    {
        var states = new MachineState[trie.Longest];
        while (node < end)
        {
            int at = trie.DepthOf(node) - depth;
            var next = Step(at == 0 ? state : states[at - 1], trie.ByteOf(node));
            if (next.IsDead)
            {
                node = trie.EndOf(node);
                continue;
            }

            trie.Add(node, mask);
            states[at] = next;
            node++;
        }
    }

    private MachineState Taken()
    {
        if (_result.Branches.Count == 0 && !_result.IsComplete)
        {
            return MachineState.Dead;
        }

        _result.Branches.Sort(static (x, y) => x.Id.CompareTo(y.Id));
        return StateOf(CollectionsMarshal.AsSpan(_result.Branches), _result.IsComplete);
    }

    private MachineState StateOf(ReadOnlySpan<Branch> branches, bool isComplete)
    {
        var key = new StateKey(branches.ToArray(), isComplete);
        ref var state = ref CollectionsMarshal.GetValueRefOrAddDefault(_states, key, out bool isKnown);
        return isKnown ? state! : state = new MachineState(key.Branches, isComplete);
    }

    private readonly struct StateKey(Branch[] branches, bool isComplete) : IEquatable<StateKey>
    {
        private readonly bool _isComplete = isComplete;

        public Branch[] Branches { get; } = branches;

        public bool Equals(StateKey other) =>
            _isComplete == other._isComplete && Branches.AsSpan().SequenceEqual(other.Branches);

        public override bool Equals(object? obj) => obj is StateKey other && Equals(other);

        public override int GetHashCode()
        {
            var hash = default(HashCode);
            hash.Add(_isComplete);
            foreach (var branch in Branches)
            {
                hash.Add(branch.Id);
            }

            return hash.ToHashCode();
        }
    }
}
