namespace Mistral.Ilgpu.Checkpoints.Gguf;

/// <summary>A list of numbers as the bytes of the file.</summary>
internal sealed record GgufNumbers(GgufType Type, byte[] Bytes)
{
    public int Count => Bytes.Length / GgufMetadata.SizeOf(Type);

    public double this[int index] => GgufMetadata.Number(Type, Bytes.AsSpan(index * GgufMetadata.SizeOf(Type)));
}
