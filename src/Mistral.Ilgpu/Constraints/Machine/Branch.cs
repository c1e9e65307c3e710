namespace Mistral.Ilgpu.Constraints.Machine;

/// <summary>One way to read the text so far: a stack of items. Equal stacks of one machine are one object.</summary>
/// <param name="parent">What lies below the top; null where the text is complete once the top is.</param>
internal sealed class Branch(int id, Item item, Branch? parent)
{
    public int Id => id;

    public Item Item => item;

    public Branch? Parent => parent;

    /// <summary>How many items the stack has.</summary>
    public int Depth { get; } = 1 + (parent?.Depth ?? 0);
}
