namespace Mistral.Ilgpu.Server.Requests;

/// <summary>What a stream holds besides the answer.</summary>
/// <param name="IncludeUsage">Whether it ends with the numbers of tokens.</param>
internal sealed record StreamOptions(bool? IncludeUsage = null);
