using Mistral.Ilgpu.Constraints.Machine;

namespace Mistral.Ilgpu.Constraints.Json;

/// <summary>Within an array.</summary>
/// <param name="Index">Items so far.</param>
/// <param name="Counted">How many of them are what the array must contain.</param>
internal sealed record ArrayItem(ArrayShape Shape, ArrayPhase Phase, int Index, int Counted) : Item
{
    /// <summary>See <see cref="JsonSpace"/>.</summary>
    public int Space { get; init; }

    public override void Step(Branch self, byte value, StepResult result)
    {
        if (JsonSpace.Next(Space, value, self.Depth) is >= 0 and var space)
        {
            result.Add(this with { Space = space }, self.Parent);
            return;
        }

        switch (Phase)
        {
            case ArrayPhase.Open or ArrayPhase.Next when value == ']' && Shape.CanEnd(Index, Counted):
                result.Return(self.Parent, 0);
                break;
            case ArrayPhase.Next when value == ',' && Shape.CanHave(Index) && Shape.CanContain(Index, Counted):
                result.Add(In(ArrayPhase.Comma), self.Parent);
                break;
            case ArrayPhase.Open or ArrayPhase.Comma when Shape.GoalOf(Index) is { } goal:
                Begin(goal, value, self, result);
                break;
        }
    }

    public override void Return(Branch self, int final, StepResult result)
    {
        int counted = Phase == ArrayPhase.CountedItem ? Counted + 1 : Counted;
        result.Add(new ArrayItem(Shape, ArrayPhase.Next, Shape.Numbered(Index + 1), counted), self.Parent);
    }

    private void Begin(Goal goal, byte value, Branch self, StepResult result)
    {
        var compiler = Shape.Compiler;
        var other = goal;
        if (Shape.Contains is { } contains && (Counted < Shape.MinContains || Shape.MaxContains != int.MaxValue))
        {
            if (Counted < Shape.MaxContains)
            {
                compiler.FormsOf(compiler.With(goal, contains)).Enter(
                    value, result.Below(In(ArrayPhase.CountedItem), self.Parent), result);
            }

            if (!Shape.CanContain(Shape.Numbered(Index + 1), Counted))
            {
                return;
            }

            // Without a limit an item that counts may as well not count.
            other = Shape.MaxContains == int.MaxValue ? goal : compiler.With(goal, contains.Opposite);
        }

        compiler.FormsOf(other).Enter(value, result.Below(In(ArrayPhase.Item), self.Parent), result);
    }

    private ArrayItem In(ArrayPhase phase) => this with { Phase = phase, Space = 0 };
}
