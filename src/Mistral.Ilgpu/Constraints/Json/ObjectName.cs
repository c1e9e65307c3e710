namespace Mistral.Ilgpu.Constraints.Json;

/// <summary>A name that an object has.</summary>
/// <param name="Index">Its number in the shape; −1 if the shape does not name it.</param>
/// <param name="Goal">What its value must be.</param>
internal readonly record struct ObjectName(int Index, Goal Goal);
