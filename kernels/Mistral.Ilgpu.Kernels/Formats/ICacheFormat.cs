using System.Runtime.Intrinsics;

namespace Mistral.Ilgpu.Kernels.Formats;

/// <summary>How cached keys and values are held.</summary>
public interface ICacheFormat<TElement>
    where TElement : unmanaged
{
    /// <summary>Whether each run of <see cref="Attention.TileLayout.Run"/> elements has a scale, an IEEE half, that its elements
    /// are multiplied with.</summary>
    static abstract bool IsScaled { get; }

    static abstract float Decode(TElement bits);

    /// <summary>Sixteen neighbours at once, for forms of the CPU accelerator.</summary>
    static abstract Vector512<float> DecodeVector(ref readonly TElement bits);

    /// <summary>Rounds to nearest.</summary>
    static abstract TElement Encode(float value);
}
