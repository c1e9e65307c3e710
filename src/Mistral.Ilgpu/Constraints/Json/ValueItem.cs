using Mistral.Ilgpu.Constraints.Machine;

namespace Mistral.Ilgpu.Constraints.Json;

/// <summary>Before a value.</summary>
internal sealed record ValueItem(SchemaCompiler Compiler, Goal Goal) : Item
{
    public override void Step(Branch self, byte value, StepResult result)
    {
        if (IsSpace(value))
        {
            result.Add(this, self.Parent);
        }
        else
        {
            Compiler.FormsOf(Goal).Enter(value, self.Parent, result);
        }
    }

    public override void Return(Branch self, int final, StepResult result) =>
        throw new InvalidOperationException("a value takes the place of what is before it");

    /// <summary>Whether a byte is white space in JSON.</summary>
    public static bool IsSpace(byte value) => value is (byte)' ' or (byte)'\n' or (byte)'\r' or (byte)'\t';
}
