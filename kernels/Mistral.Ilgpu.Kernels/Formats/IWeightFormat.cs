using System.Runtime.Intrinsics;
using ILGPU;
using Mistral.Ilgpu.Kernels.Contract;
using Mistral.Ilgpu.Kernels.Hardware.Lanes;

namespace Mistral.Ilgpu.Kernels.Formats;

/// <summary>
/// How weights are held: as <typeparamref name="TElement"/>, decoded to float32.
/// Rows are padded with zeros to whole runs of <see cref="Padding.Columns"/> elements, so no kernel needs a tail loop.
/// </summary>
public interface IWeightFormat<TElement> : ILaneStatements
    where TElement : unmanaged
{
    /// <summary>Weights in one 16-byte <see cref="Pack"/>.</summary>
    static abstract int PerPack { get; }

    static abstract float Decode(TElement bits);

    /// <summary>The same in the fewest instructions of a vector, for processors that compute with subnormal floats.</summary>
    static abstract float DecodeLane(TElement bits);

    /// <summary>Decodes sixteen neighbours, see <see cref="Lanes"/>.</summary>
    static abstract void Load(ref TElement from, ref float lanes);

    /// <summary>Prefetches what lies ahead of two columns of sixteen, see <see cref="Lanes.Prefetch(ref int)"/>.</summary>
    static abstract void Prefetch(ref TElement from);

    /// <summary>Sixteen neighbours at once, for forms of the CPU accelerator.</summary>
    static abstract Vector512<float> DecodeVector(ref readonly TElement bits);

    /// <summary>Rounds to nearest, ties to even.</summary>
    static abstract TElement Encode(float value);

    /// <summary>Decodes four neighbours of a pack.</summary>
    /// <param name="four">Which, below <see cref="PerPack"/> / 4.</param>
    static abstract Floats4 Four(Pack weights, int four);

    /// <summary>The sum of weight × activation over the pack at <paramref name="pack"/>, whose activations start at
    /// <c>activations[pack * PerPack / 4]</c>.</summary>
    static abstract float Dot(Pack weights, ArrayView<Floats4> activations, int pack);

    /// <summary>The same bits by the fewest instructions of GPUs whose code is OpenCL C.</summary>
    static abstract float WaveDot(Pack weights, ArrayView<Floats4> activations, int pack);

    /// <summary>A row's sum times the scale that its weights have in common; the sum itself in formats without.</summary>
    /// <param name="weights">All rows, and behind them a float for each where the format has scales.</param>
    /// <param name="stride">Elements of a row.</param>
    static abstract float Scaled(float sum, ArrayView<TElement> weights, int stride, long row);

    /// <summary>The same of the sixteen rows of a strip, see <see cref="Strip"/>.</summary>
    /// <param name="sums">The first of sixteen.</param>
    static abstract void ScaleStrip(ref float sums, ArrayView<TElement> weights, int stride, long strip);
}
