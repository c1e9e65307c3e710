using System.Buffers.Binary;

namespace Mistral.Ilgpu.Fuzzing.Mutations;

/// <summary>Bits flipped, fields at their limits, pieces cut out, doubled, moved, and the file cut off.</summary>
/// <param name="head">Bytes at the start that describe the rest: most changes are there.</param>
/// <param name="fields">Where lengths, counts, types and offsets are, and how many bytes each has.</param>
internal sealed class BinaryMutator(byte[] whole, int head, IReadOnlyList<(int At, int Width)> fields) : IMutator
{
    private const int LongestInsertion = 1 << 16;

    public BinaryMutator(byte[] whole)
        : this(whole, whole.Length, [])
    {
    }

    public byte[] Whole { get; } = whole;

    public byte[] Mutate(FuzzRandom random) => Mutate([.. Whole], random);

    /// <param name="bytes">The whole file, which may be changed in place.</param>
    private byte[] Mutate(byte[] bytes, FuzzRandom random)
    {
        for (int edits = random.Few(); edits > 0 && bytes.Length > 0; edits--)
        {
            bytes = random.Next(12) switch
            {
                < 6 when fields.Count > 0 && bytes.Length == Whole.Length => SetField(bytes, random),
                < 3 => SetLimit(bytes, Place(bytes, random), 1 << random.Next(4), random),
                < 7 => SetByte(bytes, random),
                7 => Add(bytes, random),
                8 => Insert(bytes, random),
                9 => Cut(bytes, random),
                10 => Overwrite(bytes, random),
                _ => random.OneIn(3) ? bytes[..Place(bytes, random)] : SetByte(bytes, random),
            };
        }

        return bytes;
    }

    private int Place(byte[] bytes, FuzzRandom random) =>
        random.Next(random.OneIn(16) ? bytes.Length : Math.Min(bytes.Length, head));

    private byte[] SetField(byte[] bytes, FuzzRandom random)
    {
        var (at, width) = random.Pick(fields);
        return SetLimit(bytes, at, width, random);
    }

    private static byte[] SetLimit(byte[] bytes, int at, int width, FuzzRandom random)
    {
        Span<byte> value = stackalloc byte[sizeof(ulong)];
        BinaryPrimitives.WriteUInt64LittleEndian(value, Limits.Pick(random, random.OneIn(2) ? bytes.Length : bytes.Length - at));
        if (random.OneIn(16))
        {
            value[..width].Reverse();
        }

        value[..Math.Min(width, bytes.Length - at)].CopyTo(bytes.AsSpan(at));
        return bytes;
    }

    private byte[] SetByte(byte[] bytes, FuzzRandom random)
    {
        int at = Place(bytes, random);
        bytes[at] = random.OneIn(2) ? (byte)(bytes[at] ^ (1 << random.Next(8))) : (byte)random.Next(256);
        return bytes;
    }

    private byte[] Add(byte[] bytes, FuzzRandom random)
    {
        int at = Place(bytes, random);
        bytes[at] += (byte)(random.Next(33) - 16);
        return bytes;
    }

    private byte[] Insert(byte[] bytes, FuzzRandom random)
    {
        int at = Place(bytes, random);
        byte[] piece = random.Next(4) switch
        {
            0 => Piece(bytes, random),
            1 => [.. Enumerable.Repeat((byte)random.Next(256), 1 + random.Next(random.OneIn(64) ? LongestInsertion : 64))],
            2 => [0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, (byte)random.Next(256)], // the longest varint
            _ => Piece(Whole, random),
        };
        return [.. bytes.AsSpan(0, at), .. piece, .. bytes.AsSpan(at)];
    }

    private byte[] Cut(byte[] bytes, FuzzRandom random)
    {
        int at = Place(bytes, random);
        int end = Math.Min(bytes.Length, at + 1 + random.Next(random.OneIn(8) ? bytes.Length : 16));
        return [.. bytes.AsSpan(0, at), .. bytes.AsSpan(end)];
    }

    private byte[] Overwrite(byte[] bytes, FuzzRandom random)
    {
        byte[] piece = Piece(bytes, random);
        int at = Place(bytes, random);
        piece.AsSpan(0, Math.Min(piece.Length, bytes.Length - at)).CopyTo(bytes.AsSpan(at));
        return bytes;
    }

    private byte[] Piece(byte[] bytes, FuzzRandom random)
    {
        int at = Place(bytes, random);
        return bytes[at..Math.Min(bytes.Length, at + 1 + random.Next(random.OneIn(8) ? 1024 : 32))];
    }
}
