namespace Mistral.Ilgpu.Model.Cache;

/// <summary>The pages that end a known prefix.</summary>
/// <param name="Pages">A page of each ring length.</param>
/// <param name="IsExact">Whether every key up to here was computed as a prompt's. Decoded keys are rounded otherwise.</param>
internal sealed record KnownPrefix(int[] Pages, bool IsExact);
