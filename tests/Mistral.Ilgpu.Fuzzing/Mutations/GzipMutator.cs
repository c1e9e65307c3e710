using System.IO.Compression;

namespace Mistral.Ilgpu.Fuzzing.Mutations;

/// <summary>What is packed changed and packed again, or the packed bytes themselves.</summary>
internal sealed class GzipMutator : IMutator
{
    private readonly IMutator _inner;
    private readonly BinaryMutator _packed;

    public GzipMutator(IMutator inner)
    {
        _inner = inner;
        Whole = Pack(inner.Whole);
        _packed = new BinaryMutator(Whole);
    }

    public byte[] Whole { get; }

    public byte[] Mutate(FuzzRandom random) => random.OneIn(2) ? _packed.Mutate(random) : Pack(_inner.Mutate(random));

    private static byte[] Pack(byte[] bytes)
    {
        using var packed = new MemoryStream();
        using (var stream = new GZipStream(packed, CompressionLevel.Fastest, leaveOpen: true))
        {
            stream.Write(bytes);
        }

        return packed.ToArray();
    }
}
