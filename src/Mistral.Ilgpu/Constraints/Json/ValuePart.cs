using Mistral.Ilgpu.Constraints.Machine;

namespace Mistral.Ilgpu.Constraints.Json;

/// <summary>A value in JSON as a part of a form.</summary>
internal sealed class ValuePart(SchemaCompiler compiler) : FormPart
{
    public override void Enter(Branch? below, StepResult result) => result.Add(new ValueItem(compiler, compiler.Root), below);
}
