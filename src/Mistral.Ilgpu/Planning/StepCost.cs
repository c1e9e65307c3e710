namespace Mistral.Ilgpu.Planning;

/// <summary>The cost of a step in one pass.</summary>
/// <param name="Bytes">Bytes of device memory that must be read or written, each counted once.</param>
/// <param name="Operations">Arithmetic operations; a multiply-add is two.</param>
internal readonly record struct StepCost(long Bytes, long Operations)
{
    public static StepCost operator +(StepCost a, StepCost b) => new(a.Bytes + b.Bytes, a.Operations + b.Operations);
}
