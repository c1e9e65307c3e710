using System.Buffers;
using Mistral.Ilgpu.Planning;
using PieceType = Mistral.Ilgpu.Tokenization.Proto.ModelProto.Types.SentencePiece.Types.Type;

namespace Mistral.Ilgpu.Tokenization;

/// <summary>
/// SentencePiece's BPE. Of all neighbouring pairs whose joined text is a piece, merges the one with the highest score,
/// the leftmost among equals, until none is left.
/// </summary>
internal sealed class BpeMerger(PieceVocabulary vocabulary)
{
    private readonly PrefixTrie _userDefined = new(vocabulary.UserDefined());

    // If no piece spans the start of a word, words are merged one by one, which keeps the agenda small.
    private readonly bool _wordsAreIndependent = !vocabulary.Matchable().Any(CrossesWords);

    public void Split(ReadOnlySpan<char> text, List<Segment> segments)
    {
        var agenda = new PriorityQueue<MergePair, ulong>();
        var symbols = Array.Empty<MergeSymbol>();
        try
        {
            for (var start = 0; start < text.Length;)
            {
                var length = _wordsAreIndependent ? WordLength(text[start..]) : text.Length - start;
                if (symbols.Length < length)
                {
                    var outgrown = symbols;
                    symbols = ArrayPool<MergeSymbol>.Shared.Rent(length);
                    ArrayPool<MergeSymbol>.Shared.Return(outgrown);
                    agenda.EnsureCapacity(length);
                }

                var word = text.Slice(start, length);
                var pass = new Pass(vocabulary, agenda, word, symbols.AsSpan(0, SplitCharacters(word, symbols)));
                pass.MergeAll();
                pass.Emit(start, segments);
                start += length;
            }
        }
        finally
        {
            ArrayPool<MergeSymbol>.Shared.Return(symbols);
        }
    }

    /// <summary>The length up to the next word: "▁▁the▁cat" is "▁▁the" and "▁cat".</summary>
    private static int WordLength(ReadOnlySpan<char> text)
    {
        var spaces = text.IndexOfAnyExcept(SentencePieceBpe.Space);
        if (spaces < 0) return text.Length;
        var letters = text[spaces..].IndexOf(SentencePieceBpe.Space);
        return letters < 0 ? text.Length : spaces + letters;
    }

    private static bool CrossesWords(string piece) => WordLength(piece) < piece.Length;

    private int SplitCharacters(ReadOnlySpan<char> text, Span<MergeSymbol> symbols)
    {
        var count = 0;
        for (var start = 0; start < text.Length; count++)
        {
            var length = _userDefined.IsEmpty ? 0 : _userDefined.LongestMatch(text[start..]);
            var isFrozen = length > 0;
            if (!isFrozen) length = char.IsSurrogatePair(text[start], start + 1 < text.Length ? text[start + 1] : '\0') ? 2 : 1;
            symbols[count] = new MergeSymbol(start, length, count - 1, count + 1, isFrozen);
            start += length;
        }

        if (count > 0) symbols[count - 1].Next = -1;
        return count;
    }

    // The smallest rank is merged first. The bits of a float in sortable order are inverted for that.
    private static uint RankOf(float score)
    {
        var bits = BitConverter.SingleToUInt32Bits(score + 0f); // + 0: -0 equals 0
        return ~((bits & 0x8000_0000) != 0 ? ~bits : bits | 0x8000_0000);
    }

    /// <param name="leftOfUnused">Records how an unused piece was merged, so that it can be split again: id → length of its left
    /// part.</param>
    private readonly struct Ranks(PieceVocabulary vocabulary, Dictionary<int, int>? leftOfUnused) : IMergeRanks<char>
    {
        public int Longest => vocabulary.LongestPiece;

        public uint? RankOf(ReadOnlySpan<char> joined, int leftLength)
        {
            var id = vocabulary.Find(joined);
            if (id < 0) return null;
            if (vocabulary.TypeOf(id) == PieceType.Unused) leftOfUnused![id] = leftLength;
            return BpeMerger.RankOf(vocabulary.ScoreOf(id));
        }
    }

    private readonly ref struct Pass(
        PieceVocabulary vocabulary, PriorityQueue<MergePair, ulong> agenda, ReadOnlySpan<char> text, Span<MergeSymbol> symbols)
    {
        private readonly ReadOnlySpan<char> _text = text;
        private readonly Span<MergeSymbol> _symbols = symbols;
        private readonly Dictionary<int, int>? _leftOfUnused = vocabulary.HasUnused ? [] : null;

        public void MergeAll() =>
            new PairMerger<char, Ranks>(new Ranks(vocabulary, _leftOfUnused), agenda, _text, _symbols).MergeAll();

        /// <param name="origin">Offset of this text in the whole text.</param>
        /// <param name="segments">The list that receives the pieces.</param>
        public void Emit(int origin, List<Segment> segments)
        {
            for (var i = 0; i >= 0; i = _symbols[i].Next) Emit(origin, _symbols[i].Start, _symbols[i].Length, segments);
        }

        private void Emit(int origin, int start, int length, List<Segment> segments)
        {
            var id = vocabulary.Find(_text.Slice(start, length));
            if (id >= 0 && vocabulary.TypeOf(id) == PieceType.Unused && _leftOfUnused!.TryGetValue(id, out var left))
            {
                Emit(origin, start, left, segments);
                Emit(origin, start + left, length - left, segments);
                return;
            }

            segments.Add(new Segment(origin + start, length, id));
        }
    }
}
