namespace Mistral.Ilgpu.Constraints.Json;

/// <summary>One way to go on with an object by a property.</summary>
/// <param name="Index">The number of its name in the shape; −1 if the shape does not name it.</param>
/// <param name="Goal">What its value must be.</param>
/// <param name="Found">The denials that a witness is found of with this property, a bit for each.</param>
internal readonly record struct ObjectWay(int Index, Goal Goal, int Found);
