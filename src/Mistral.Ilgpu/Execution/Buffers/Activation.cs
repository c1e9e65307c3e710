using ILGPU;
using Mistral.Ilgpu.Kernels;

namespace Mistral.Ilgpu.Execution.Buffers;

/// <summary>Float32 activations: rows × columns, each row padded with zeros to whole packs.</summary>
/// <param name="quantized">A buffer for the same values in eight bits, if quantized weights are multiplied with them.</param>
/// <param name="tensor">Buffers for the same values in the forms that tensor cores multiply.</param>
internal sealed class Activation(
    string name, int rows, int columns, ArrayView<float> view, Int8Input? quantized = null, TensorInput? tensor = null)
{
    public string Name { get; } = name;

    public int Rows { get; } = rows;

    public int Columns { get; } = columns;

    public int Stride { get; } = Padding.Pad(columns);

    public ArrayView<float> View { get; } = view;

    public Int8Input? Quantized { get; } = quantized;

    public TensorInput? Tensor { get; } = tensor;
}
