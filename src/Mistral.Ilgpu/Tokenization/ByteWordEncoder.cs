using System.Buffers;
using System.Text;

namespace Mistral.Ilgpu.Tokenization;

/// <summary>Encodes words one after the other and reuses its buffers.</summary>
internal sealed class ByteWordEncoder(ByteTokens tokens) : IDisposable
{
    private readonly PriorityQueue<MergePair, ulong> _agenda = new();
    private readonly List<(int Id, int Completed, bool EndsCharacter)> _encoded = [];
    private byte[] _bytes = [];
    private MergeSymbol[] _symbols = [];

    /// <summary>
    /// The tokens of a word, each with the UTF-16 units of the characters that it completes. The list is valid until the next
    /// call.
    /// </summary>
    public IReadOnlyList<(int Id, int Completed, bool EndsCharacter)> Encode(ReadOnlySpan<char> word)
    {
        Reserve(ref _bytes, Encoding.UTF8.GetMaxByteCount(word.Length));
        var bytes = _bytes.AsSpan(0, Encoding.UTF8.GetBytes(word, _bytes));
        _encoded.Clear();
        if (tokens.Find(bytes) is >= 0 and var whole)
        {
            _encoded.Add((whole, word.Length, true));
            return _encoded;
        }

        Reserve(ref _symbols, bytes.Length);
        var symbols = _symbols.AsSpan(0, bytes.Length);
        for (int i = 0; i < symbols.Length; i++)
        {
            symbols[i] = new MergeSymbol(i, 1, i - 1, i + 1 < symbols.Length ? i + 1 : -1);
        }

        new PairMerger<byte, ByteTokens>(tokens, _agenda, bytes, symbols).MergeAll();
        (int Bytes, int Units) missing = default;
        for (int i = 0; i >= 0; i = symbols[i].Next)
        {
            var token = bytes.Slice(symbols[i].Start, symbols[i].Length);
            int completed = Complete(token, ref missing);
            _encoded.Add((tokens.Find(token), completed, missing.Bytes == 0));
        }

        return _encoded;
    }

    public void Dispose()
    {
        ArrayPool<byte>.Shared.Return(_bytes);
        ArrayPool<MergeSymbol>.Shared.Return(_symbols);
    }

    /// <param name="missing">The missing bytes of the last character, and its UTF-16 units.</param>
    /// <returns>UTF-16 units of the characters that end in these bytes.</returns>
    private static int Complete(ReadOnlySpan<byte> token, ref (int Bytes, int Units) missing)
    {
        int units = 0;
        foreach (byte value in token)
        {
            missing = value switch
            {
                < 0x80 => (0, 1),
                < 0xC0 => (missing.Bytes - 1, missing.Units),
                < 0xE0 => (1, 1),
                < 0xF0 => (2, 1),
                _ => (3, 2),
            };
            units += missing.Bytes == 0 ? missing.Units : 0;
        }

        return units;
    }

    private static void Reserve<T>(ref T[] room, int length)
    {
        if (room.Length < length)
        {
            ArrayPool<T>.Shared.Return(room);
            room = ArrayPool<T>.Shared.Rent(length);
        }
    }
}
