namespace Mistral.Ilgpu.Tokenization;

/// <summary>Which neighbours may be merged, and which first.</summary>
/// <typeparam name="TUnit">What a text is made of: characters or bytes.</typeparam>
internal interface IMergeRanks<TUnit>
{
    /// <summary>Units of the longest that may come of a merge.</summary>
    int Longest { get; }

    /// <summary>The rank of what two neighbours make together, the smallest being merged first; null where they may not be
    /// merged.</summary>
    /// <param name="leftLength">Units of the left one.</param>
    uint? RankOf(ReadOnlySpan<TUnit> joined, int leftLength);
}
