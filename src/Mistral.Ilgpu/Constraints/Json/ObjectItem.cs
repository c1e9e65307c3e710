using Mistral.Ilgpu.Constraints.Machine;

namespace Mistral.Ilgpu.Constraints.Json;

/// <summary>Within an object.</summary>
/// <param name="Seen">Names of the shape that the object has so far.</param>
/// <param name="Count">Properties so far, as far as the shape asks for their number.</param>
/// <param name="Found">The denials that a witness is found of, a bit for each. Within a value, it is among them.</param>
internal sealed record ObjectItem(ObjectShape Shape, ObjectPhase Phase, NameSet Seen, int Count, int Found) : Item
{
    /// <summary>What the value behind the name must be.</summary>
    public Goal? Value { get; init; }

    /// <summary>See <see cref="JsonSpace"/>.</summary>
    public int Space { get; init; }

    public override void Step(Branch self, byte value, StepResult result)
    {
        if (JsonSpace.Next(Space, value, self.Depth) is >= 0 and var space)
        {
            result.Add(this with { Space = space }, self.Parent);
            return;
        }

        switch (Phase, value)
        {
            case (ObjectPhase.Open or ObjectPhase.Comma, (byte)'"') when Shape.NameLexeme(Seen, Count, Found) is { } lexeme:
                LexemeItem.Enter(lexeme, lexeme.Start, result.Below(In(ObjectPhase.Name), self.Parent), result);
                break;
            case (ObjectPhase.Open or ObjectPhase.Next, (byte)'}') when Shape.CanEnd(Seen, Count, Found):
                result.Return(self.Parent, 0);
                break;
            case (ObjectPhase.Next, (byte)',') when Shape.NameLexeme(Seen, Count, Found) is not null:
                result.Add(In(ObjectPhase.Comma), self.Parent);
                break;
            case (ObjectPhase.Colon, (byte)':'):
                result.Add(new ValueItem(Shape.Compiler, Value!), result.Below(In(ObjectPhase.Value), self.Parent));
                break;
        }
    }

    public override void Return(Branch self, int final, StepResult result)
    {
        if (Phase == ObjectPhase.Value)
        {
            result.Add(In(ObjectPhase.Next), self.Parent);
            return;
        }

        foreach (var way in Shape.WaysBehind(Seen, Count, Found, final))
        {
            result.Add(
                In(ObjectPhase.Colon) with
                {
                    Seen = way.Index >= 0 ? Seen.With(way.Index) : Seen,
                    Count = Shape.CountsProperties ? Count + 1 : 0,
                    Found = way.Found,
                    Value = way.Goal,
                },
                self.Parent);
        }
    }

    private ObjectItem In(ObjectPhase phase) => this with { Phase = phase, Value = null, Space = 0 };
}
