namespace Mistral.Ilgpu.Server.Responses;

/// <summary>Why a response failed.</summary>
internal sealed record ResponseError(string Code, string Message);
