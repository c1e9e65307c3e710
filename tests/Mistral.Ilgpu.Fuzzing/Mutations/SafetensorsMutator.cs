using System.Buffers.Binary;

namespace Mistral.Ilgpu.Fuzzing.Mutations;

/// <summary>The header changed as JSON, mostly with the length that it then has, or the file as bytes.</summary>
internal sealed class SafetensorsMutator : IMutator
{
    private const int LengthBytes = sizeof(long);

    private readonly JsonMutator _header;
    private readonly BinaryMutator _bytes;
    private readonly int _dataStart;

    public SafetensorsMutator(byte[] whole)
    {
        Whole = whole;
        _dataStart = LengthBytes + (int)BinaryPrimitives.ReadInt64LittleEndian(whole);
        _header = new JsonMutator(whole[LengthBytes.._dataStart]);
        _bytes = new BinaryMutator(whole, _dataStart, [(0, LengthBytes)]);
    }

    public byte[] Whole { get; }

    public byte[] Mutate(FuzzRandom random)
    {
        if (random.OneIn(6))
        {
            return _bytes.Mutate(random);
        }

        byte[] header = _header.Mutate(random);
        byte[] file = [.. new byte[LengthBytes], .. header, .. Whole.AsSpan(_dataStart)];
        long length = random.OneIn(16) ? (long)Limits.Pick(random, header.Length) : header.Length;
        BinaryPrimitives.WriteInt64LittleEndian(file, length);
        return file;
    }
}
