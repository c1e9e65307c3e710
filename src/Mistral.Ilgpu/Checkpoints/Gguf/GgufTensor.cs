namespace Mistral.Ilgpu.Checkpoints.Gguf;

/// <summary>A tensor to be listed in a GGUF header: rows × columns; a single row is written as a vector.</summary>
internal sealed record GgufTensor(string Name, TensorFormat Format, int Rows, int Columns)
{
    public long Bytes => Format.BytesOf((long)Rows * Columns);
}
