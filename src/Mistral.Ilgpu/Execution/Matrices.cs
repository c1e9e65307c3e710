using ILGPU;
using Mistral.Ilgpu.Checkpoints;
using Mistral.Ilgpu.Kernels;

namespace Mistral.Ilgpu.Execution;

/// <summary>Which rows of the pass a step works on.</summary>
public enum RowSet
{
    /// <summary>Every token.</summary>
    Tokens,

    /// <summary>The tokens whose logits are wanted.</summary>
    Logits,
}

/// <summary>Float32 activations: rows × columns, each row padded with zeros to whole packs.</summary>
public sealed class Activation(string name, int rows, int columns, ArrayView<float> view)
{
    public string Name { get; } = name;

    public int Rows { get; } = rows;

    public int Columns { get; } = columns;

    public int Stride { get; } = Padding.Pad(columns);

    public ArrayView<float> View { get; } = view;
}

/// <summary>Weights on the device: rows × columns in one format, each row padded with zeros to whole packs.</summary>
public sealed class WeightMatrix(string name, int rows, int columns, TensorFormat format, ArrayView<byte> bytes)
{
    public string Name { get; } = name;

    public int Rows { get; } = rows;

    public int Columns { get; } = columns;

    public int Stride { get; } = Padding.Pad(columns);

    public TensorFormat Format { get; } = format;

    public ArrayView<byte> Bytes { get; } = bytes;

    public static long SizeInBytes(long rows, int columns, TensorFormat format) =>
        rows * Padding.Pad(columns) * format.BytesPerElement();

    public ArrayView<TElement> View<TElement>()
        where TElement : unmanaged => Bytes.Cast<TElement>();
}
