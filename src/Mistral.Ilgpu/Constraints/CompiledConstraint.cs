using Mistral.Ilgpu.Constraints.Machine;
using Mistral.Ilgpu.Constraints.Tokens;

namespace Mistral.Ilgpu.Constraints;

/// <summary>A constraint that is ready for one vocabulary, with what texts of it have found out so far. For any thread.</summary>
internal sealed class CompiledConstraint
{
    private readonly Lock _lock = new();
    private readonly ConstraintMachine _machine = new();

    /// <param name="enter">Adds the branches that a text begins with.</param>
    public CompiledConstraint(Action<StepResult> enter)
    {
        Start = _machine.Start(enter);
        StartBehindSpace = Start.IsDead ? Start : _machine.Start(result => LeadingSpaceItem.Enter(Start, result));
    }

    /// <summary>The state of an empty text.</summary>
    public MachineState Start { get; }

    /// <summary>The state of an empty text whose first space, if it has one, is no part of it.</summary>
    public MachineState StartBehindSpace { get; }

    /// <summary>The state behind some bytes, see <see cref="MachineState.Dead"/>.</summary>
    public MachineState Step(MachineState state, ReadOnlySpan<byte> bytes)
    {
        lock (_lock)
        {
            foreach (byte value in bytes)
            {
                state = _machine.Step(state, value);
            }

            return state;
        }
    }

    /// <summary>The tokens that may follow.</summary>
    public TokenMask MaskOf(MachineState state, TokenTrie trie)
    {
        lock (_lock)
        {
            _machine.Trim();
            return _machine.MaskOf(state, trie);
        }
    }
}
