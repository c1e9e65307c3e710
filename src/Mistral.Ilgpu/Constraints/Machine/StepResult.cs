namespace Mistral.Ilgpu.Constraints.Machine;

/// <summary>The branches that a step leads to.</summary>
internal sealed class StepResult(ConstraintMachine machine)
{
    private readonly List<Branch> _branches = [];

    /// <summary>The branches, each once.</summary>
    public List<Branch> Branches => _branches;

    /// <summary>Whether the text may end.</summary>
    public bool IsComplete { get; private set; }

    public void Clear()
    {
        _branches.Clear();
        IsComplete = false;
    }

    /// <summary>Adds a branch with a part on top of what lies below.</summary>
    public void Add(Item item, Branch? parent)
    {
        var branch = machine.BranchOf(item, parent);
        if (!_branches.Contains(branch))
        {
            ConstraintLimits.Require(
                _branches.Count < ConstraintLimits.Alternatives, "constraint", "too many ways to read a text");
            _branches.Add(branch);
        }
    }

    /// <summary>A branch to put a part on.</summary>
    public Branch Below(Item item, Branch? parent) => machine.BranchOf(item, parent);

    /// <summary>Completes the part above a branch.</summary>
    /// <param name="below">What lies below the part; null where it is the whole text.</param>
    public void Return(Branch? below, int final)
    {
        if (below is null)
        {
            IsComplete = true;
        }
        else
        {
            below.Item.Return(below, final, this);
        }
    }
}
