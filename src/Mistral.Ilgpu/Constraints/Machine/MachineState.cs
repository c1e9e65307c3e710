using Mistral.Ilgpu.Constraints.Tokens;

namespace Mistral.Ilgpu.Constraints.Machine;

/// <summary>All ways to read the text so far. Equal sets of one machine are one object.</summary>
internal sealed class MachineState(Branch[] branches, bool isComplete)
{
    /// <summary>The state of a text that nothing can complete.</summary>
    public static MachineState Dead { get; } = new([], isComplete: false);

    public Branch[] Branches => branches;

    /// <summary>Whether the text may end here.</summary>
    public bool IsComplete => isComplete;

    public bool IsDead => branches.Length == 0 && !isComplete;

    /// <summary>States behind each byte, as far as they are known.</summary>
    internal MachineState?[]? Next { get; set; }

    /// <summary>The tokens that may follow, once they are known.</summary>
    internal TokenMask? Mask { get; set; }
}
