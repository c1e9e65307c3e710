using Mistral.Ilgpu.Constraints.Machine;
using Mistral.Ilgpu.Constraints.Tokens;

namespace Mistral.Ilgpu.Constraints;

/// <summary>A constraint that is ready for one vocabulary, with what texts of it have found out so far. For any thread.</summary>
internal sealed class CompiledConstraint
{
    private readonly Lock _lock = new();
    private readonly ConstraintMachine _machine = new();

    public CompiledConstraint(FormSequence? form)
    {
        Start = _machine.Start(form);
        StartBehindSpace = _machine.StartBehindSpace(Start);
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

    /// <summary>The state behind a control token.</summary>
    public MachineState StepControl(MachineState state, int id)
    {
        lock (_lock)
        {
            return _machine.StepControl(state, id);
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
