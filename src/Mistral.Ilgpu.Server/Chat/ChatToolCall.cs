namespace Mistral.Ilgpu.Server.Chat;

/// <summary>A call of a function, whole, or a part of one in a stream.</summary>
/// <param name="Index">The call's place in the answer; in streams alone.</param>
/// <param name="Id">The call's name, in its first part.</param>
/// <param name="Type"><c>function</c>, in its first part.</param>
internal sealed record ChatToolCall(int? Index, string? Id, string? Type, ChatToolCall.FunctionCall Function)
{
    internal sealed record FunctionCall(string? Name, string Arguments);
}
