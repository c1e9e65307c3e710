namespace Mistral.Ilgpu.Model.Cache;

/// <summary>The pages at the end of a known prefix.</summary>
/// <param name="Pages">One page of each ring length.</param>
/// <param name="IsExact">Whether every key of the prefix was computed as part of a prompt. Keys of decoded tokens are rounded
/// differently.</param>
internal sealed record KnownPrefix(int[] Pages, bool IsExact);
