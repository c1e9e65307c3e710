namespace Mistral.Ilgpu.Constraints.Json;

/// <summary>One way to go on with an array by an item.</summary>
/// <param name="Goal">What the item must be.</param>
/// <param name="Counted">The counts behind it.</param>
internal readonly record struct ArrayWay(Goal Goal, long Counted);
