using Mistral.Ilgpu.Constraints.Tokens;

namespace Mistral.Ilgpu.Constraints.Machine;

/// <summary>Where a part of a text is, such as "in this object, behind a comma". Items are values: equal ones are the same
/// place.</summary>
internal abstract record Item
{
    /// <summary>Adds the branches that a byte leads to from a branch whose top is this item.</summary>
    public abstract void Step(Branch self, byte value, StepResult result);

    /// <summary>Adds the branches that a control token leads to.</summary>
    public virtual void StepControl(Branch self, int id, StepResult result)
    {
    }

    /// <summary>Adds the control tokens that may follow.</summary>
    public virtual void AddControls(TokenMask mask)
    {
    }

    /// <summary>Adds the branches that follow once the part above this item is complete.</summary>
    /// <param name="self">The branch whose top this item is, now that what was above it is gone.</param>
    /// <param name="final">Which way the part above was completed, in its own terms.</param>
    public abstract void Return(Branch self, int final, StepResult result);
}
