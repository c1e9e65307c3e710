namespace Mistral.Ilgpu.Tokenization;

/// <summary>Ranks the merges of neighbours.</summary>
/// <typeparam name="TUnit">The unit of a text: a character or a byte.</typeparam>
internal interface IMergeRanks<TUnit>
{
    /// <summary>Units of the longest possible result of a merge.</summary>
    int Longest { get; }

    /// <summary>
    /// The rank of the merge of two neighbours; the smallest is merged first. Null if they may not be merged.
    /// </summary>
    /// <param name="joined">The units of both.</param>
    /// <param name="leftLength">Units of the left one.</param>
    uint? RankOf(ReadOnlySpan<TUnit> joined, int leftLength);
}
