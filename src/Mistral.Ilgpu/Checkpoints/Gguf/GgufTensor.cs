namespace Mistral.Ilgpu.Checkpoints.Gguf;

/// <summary>A tensor as a GGUF header describes it: rows × columns, or a vector where there is one row.</summary>
internal sealed record GgufTensor(string Name, TensorFormat Format, int Rows, int Columns)
{
    public long Bytes => Format.BytesOf((long)Rows * Columns);
}
