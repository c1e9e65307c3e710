namespace Mistral.Ilgpu.Tokenization;

/// <summary>Two neighbours that may be merged, unless one of them has been merged otherwise meanwhile.</summary>
internal readonly record struct MergePair(int Left, int Right, int Length);
