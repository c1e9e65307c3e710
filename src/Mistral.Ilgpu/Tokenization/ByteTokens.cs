using System.Diagnostics.CodeAnalysis;

namespace Mistral.Ilgpu.Tokenization;

/// <summary>The ids of tokens by their bytes. The token with the lowest id is joined first.</summary>
internal sealed class ByteTokens : IMergeRanks<byte>
{
    private readonly Dictionary<byte[], int>.AlternateLookup<ReadOnlySpan<byte>> _ids;

    private ByteTokens(Dictionary<byte[], int> ids, int longest)
    {
        _ids = ids.GetAlternateLookup<ReadOnlySpan<byte>>();
        Longest = longest;
    }

    public int Longest { get; }

    /// <param name="tokens">The bytes of each id; null for ids that do not occur in texts.</param>
    /// <param name="source">The file's name, for messages.</param>
    public static ByteTokens Of(IReadOnlyList<byte[]?> tokens, string source)
    {
        var ids = new Dictionary<byte[], int>(tokens.Count, new ByBytes());
        int longest = 1;
        for (int id = 0; id < tokens.Count; id++)
        {
            if (tokens[id] is not { Length: > 0 } token)
            {
                continue;
            }

            longest = Math.Max(longest, token.Length);
            if (!ids.TryAdd(token, id))
            {
                throw new ModelFileException(source, $"vocabulary: found the bytes of token {id} twice, expected them once");
            }
        }

        return new ByteTokens(ids, longest);
    }

    /// <summary>The id of the token with these bytes, or −1.</summary>
    public int Find(ReadOnlySpan<byte> bytes) => bytes.Length <= Longest && _ids.TryGetValue(bytes, out int id) ? id : -1;

    public uint? RankOf(ReadOnlySpan<byte> joined, int leftLength) => Find(joined) is >= 0 and var id ? (uint)id : null;

    private sealed class ByBytes : IEqualityComparer<byte[]>, IAlternateEqualityComparer<ReadOnlySpan<byte>, byte[]>
    {
        public bool Equals(byte[]? x, byte[]? y) => x.AsSpan().SequenceEqual(y);

        public bool Equals(ReadOnlySpan<byte> alternate, byte[] other) => alternate.SequenceEqual(other);

        public int GetHashCode([DisallowNull] byte[] obj) => GetHashCode(obj.AsSpan());

        public int GetHashCode(ReadOnlySpan<byte> alternate)
        {
            var hash = default(HashCode);
            hash.AddBytes(alternate);
            return hash.ToHashCode();
        }

        public byte[] Create(ReadOnlySpan<byte> alternate) => alternate.ToArray();
    }
}
