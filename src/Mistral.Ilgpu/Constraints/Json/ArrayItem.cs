using Mistral.Ilgpu.Constraints.Machine;

namespace Mistral.Ilgpu.Constraints.Json;

/// <summary>Within an array.</summary>
/// <param name="Index">Items so far.</param>
/// <param name="Counted">How many of them are what the array must contain, see <see cref="ArrayShape.WaysOf"/>. Within an item,
/// it is among them.</param>
internal sealed record ArrayItem(ArrayShape Shape, ArrayPhase Phase, int Index, long Counted) : Item
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
            case ArrayPhase.Next when value == ',' && Shape.WaysOf(Index, Counted).Count > 0:
                result.Add(this with { Phase = ArrayPhase.Comma, Space = 0 }, self.Parent);
                break;
            case ArrayPhase.Open or ArrayPhase.Comma:
                foreach (var (goal, counted) in Shape.WaysOf(Index, Counted))
                {
                    var within = new ArrayItem(Shape, ArrayPhase.Item, Index, counted);
                    Shape.Compiler.FormsOf(goal).Enter(value, result.Below(within, self.Parent), result);
                }

                break;
        }
    }

    public override void Return(Branch self, int final, StepResult result) =>
        result.Add(new ArrayItem(Shape, ArrayPhase.Next, Shape.Numbered(Index + 1), Counted), self.Parent);
}
