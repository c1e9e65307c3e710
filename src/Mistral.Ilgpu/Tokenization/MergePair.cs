namespace Mistral.Ilgpu.Tokenization;

/// <summary>A candidate for a merge: two neighbours. It is stale if one of them has been merged in another pair.</summary>
/// <param name="Left">The index of the left symbol.</param>
/// <param name="Right">The index of the right symbol.</param>
/// <param name="Length">Units of both when the pair was added, which shows whether it is stale.</param>
internal readonly record struct MergePair(int Left, int Right, int Length);
