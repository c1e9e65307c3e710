namespace Mistral.Ilgpu.Chat;

/// <summary>A part of a call that is under way. The parts of a call, joined, are the call.</summary>
/// <param name="Index">The call's place in the answer.</param>
/// <param name="Id">The call's id, with the first part.</param>
/// <param name="Name">The function's name, with the first part.</param>
/// <param name="Arguments">What follows of the arguments.</param>
internal readonly record struct CallPart(int Index, string? Id, string? Name, string Arguments);
