using Mistral.Ilgpu.Constraints.Machine;

namespace Mistral.Ilgpu.Constraints.Json;

/// <summary>Within null, false or true.</summary>
/// <param name="At">Letters so far.</param>
internal sealed record WordItem(string Word, int At) : Item
{
    public override void Step(Branch self, byte value, StepResult result)
    {
        if (value == Word[At])
        {
            if (At + 1 == Word.Length)
            {
                result.Return(self.Parent, 0);
            }
            else
            {
                result.Add(this with { At = At + 1 }, self.Parent);
            }
        }
    }

    public override void Return(Branch self, int final, StepResult result) =>
        throw new InvalidOperationException("nothing lies above a word");
}
