using Mistral.Ilgpu.Constraints.Machine;

namespace Mistral.Ilgpu.Constraints.Json;

/// <summary>Before a value.</summary>
/// <param name="Space">See <see cref="JsonSpace"/>.</param>
internal sealed record ValueItem(SchemaCompiler Compiler, Goal Goal, int Space = 0) : Item
{
    public override void Step(Branch self, byte value, StepResult result)
    {
        if (JsonSpace.Next(Space, value, self.Depth) is >= 0 and var space)
        {
            result.Add(this with { Space = space }, self.Parent);
        }
        else
        {
            Compiler.FormsOf(Goal).Enter(value, self.Parent, result);
        }
    }

    public override void Return(Branch self, int final, StepResult result) =>
        throw new InvalidOperationException("a value takes the place of what is before it");
}
