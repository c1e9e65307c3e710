using Mistral.Ilgpu.Constraints.Machine;

namespace Mistral.Ilgpu.Constraints.Json;

/// <summary>Within an object.</summary>
/// <param name="Seen">Names of the shape that the object has so far.</param>
/// <param name="Count">Properties so far, as far as the shape asks for their number.</param>
internal sealed record ObjectItem(ObjectShape Shape, ObjectPhase Phase, NameSet Seen, int Count) : Item
{
    /// <summary>What the value behind the name must be.</summary>
    public Goal? Value { get; init; }

    public override void Step(Branch self, byte value, StepResult result)
    {
        if (ValueItem.IsSpace(value) && Phase is not (ObjectPhase.Name or ObjectPhase.Value))
        {
            result.Add(this, self.Parent);
            return;
        }

        switch (Phase, value)
        {
            case (ObjectPhase.Open or ObjectPhase.Comma, (byte)'"') when Shape.NameLexeme(Seen, Count) is { } lexeme:
                LexemeItem.Enter(lexeme, lexeme.Start, result.Below(this with { Phase = ObjectPhase.Name }, self.Parent), result);
                break;
            case (ObjectPhase.Open or ObjectPhase.Next, (byte)'}') when Shape.CanEnd(Seen, Count):
                result.Return(self.Parent, 0);
                break;
            case (ObjectPhase.Next, (byte)',') when Shape.NameLexeme(Seen, Count) is not null:
                result.Add(this with { Phase = ObjectPhase.Comma }, self.Parent);
                break;
            case (ObjectPhase.Colon, (byte)':'):
                var below = this with { Phase = ObjectPhase.Value, Value = null };
                result.Add(new ValueItem(Shape.Compiler, Value!), result.Below(below, self.Parent));
                break;
        }
    }

    public override void Return(Branch self, int final, StepResult result)
    {
        if (Phase == ObjectPhase.Value)
        {
            result.Add(this with { Phase = ObjectPhase.Next }, self.Parent);
            return;
        }

        var name = Shape.NameOf(Seen, Count, final);
        result.Add(
            this with
            {
                Phase = ObjectPhase.Colon,
                Seen = name.Index >= 0 ? Seen.With(name.Index) : Seen,
                Count = Shape.CountsProperties ? Count + 1 : 0,
                Value = name.Goal,
            },
            self.Parent);
    }
}
