namespace Mistral.Ilgpu.Tokenization;

/// <summary>
/// Byte-pair encoding (Sennrich et al. 2016, arXiv 1508.07909). Merges the neighbours of the smallest rank, the leftmost among
/// equals, until none may be merged. Takes O(n log n) steps.
/// </summary>
internal readonly ref struct PairMerger<TUnit, TRanks>(
    TRanks ranks, PriorityQueue<MergePair, ulong> agenda, ReadOnlySpan<TUnit> text, Span<MergeSymbol> symbols)
    where TRanks : IMergeRanks<TUnit>
{
    private readonly ReadOnlySpan<TUnit> _text = text;
    private readonly Span<MergeSymbol> _symbols = symbols;

    public void MergeAll()
    {
        for (int i = 1; i < _symbols.Length; i++)
        {
            Propose(i - 1, i);
        }

        while (agenda.TryDequeue(out var pair, out _))
        {
            ref var left = ref _symbols[pair.Left];
            ref var right = ref _symbols[pair.Right];
            bool isStale = left.Length == 0 || right.Length == 0 || left.Length + right.Length != pair.Length;
            if (isStale)
            {
                continue;
            }

            left.Length = pair.Length;
            left.Next = right.Next;
            if (right.Next >= 0)
            {
                _symbols[right.Next].Previous = pair.Left;
            }

            right.Length = 0;
            Propose(left.Previous, pair.Left);
            Propose(pair.Left, left.Next);
        }
    }

    private void Propose(int leftIndex, int rightIndex)
    {
        if (leftIndex < 0 || rightIndex < 0)
        {
            return;
        }

        ref var left = ref _symbols[leftIndex];
        ref var right = ref _symbols[rightIndex];
        int length = left.Length + right.Length;
        if (!left.IsFrozen && !right.IsFrozen && length <= ranks.Longest
            && ranks.RankOf(_text.Slice(left.Start, length), left.Length) is { } rank)
        {
            agenda.Enqueue(new MergePair(leftIndex, rightIndex, length), ((ulong)rank << 32) | (uint)leftIndex);
        }
    }
}
