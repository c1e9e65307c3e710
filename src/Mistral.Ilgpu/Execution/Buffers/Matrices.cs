using ILGPU;
using ILGPU.Runtime;
using Mistral.Ilgpu.Kernels;

namespace Mistral.Ilgpu.Execution.Buffers;

/// <summary>In what form quantized weights are multiplied with activations.</summary>
public enum ActivationType
{
    /// <summary>Eight bits per block of 32, so that products are of whole numbers.</summary>
    Int8,

    /// <summary>As they are: slower, without the rounding.</summary>
    Float32,
}

/// <summary>Float32 activations: rows × columns, each row padded with zeros to whole packs.</summary>
/// <param name="quantized">Room for the same in eight bits, where quantized weights may meet them.</param>
/// <param name="tensor">Room for the same in the forms that tensor cores multiply.</param>
public sealed class Activation(
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

/// <summary>RMSNorm(<paramref name="Input"/>) × <paramref name="Gain"/>, made by the products that take it.</summary>
public sealed record FusedNorm(Activation Input, ArrayView<float> Gain, float Epsilon)
{
    /// <summary>As kernels want it.</summary>
    public RmsNormed Kernel => new(Gain.Cast<Float4>(), Input.Columns, Epsilon);
}

/// <summary>
/// Weights on the device: rows × columns, as bands of rows that have one format each. Rows that are stacked to be multiplied
/// at once come in several bands where a file mixes formats.
/// </summary>
/// <param name="updates">What is added to the product.</param>
public sealed class WeightMatrix(string name, IReadOnlyList<WeightBand> bands, IReadOnlyList<LowRankUpdate>? updates = null)
{
    public string Name { get; } = name;

    public IReadOnlyList<WeightBand> Bands { get; } = bands;

    public int Rows { get; } = bands.Sum(band => band.Rows);

    public int Columns { get; } = bands[0].Columns;

    public IReadOnlyList<LowRankUpdate> Updates { get; } = updates ?? [];

    public long Bytes { get; } = bands.Sum(band => band.SizeInBytes);
}

/// <summary>
/// What an adapter adds to a product W x: B (A x), a rank far below the sizes of W (Hu et al., LoRA, arXiv 2106.09685, §4.1).
/// </summary>
/// <param name="Down">A: rank × columns of W, the scale in it.</param>
/// <param name="Up">B: some rows of W × rank.</param>
/// <param name="Inner">Room for A x.</param>
/// <param name="IsOn">Asked before every pass.</param>
public sealed record LowRankUpdate(WeightMatrix Down, WeightBand Up, Activation Inner, Func<bool> IsOn);
