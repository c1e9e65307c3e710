namespace Mistral.Ilgpu.Server.Responses;

/// <summary>Why a response is shorter than the model would have made it.</summary>
internal sealed record IncompleteDetails(string Reason);
