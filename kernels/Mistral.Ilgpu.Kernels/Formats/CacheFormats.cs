using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using Mistral.Ilgpu.Kernels.Hardware.Vectors;

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

/// <summary>Eight bits with a scale for each run of 32, max |x| / 127: the Q8_0 of weights.</summary>
public readonly struct Int8Cache : ICacheFormat<sbyte>
{
    public static bool IsScaled => true;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static float Decode(sbyte bits) => bits;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector512<float> DecodeVector(ref readonly sbyte bits) => Vectors.ToFloats(Vector128.LoadUnsafe(in bits));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static sbyte Encode(float value) => (sbyte)(int)(value + (value < 0 ? -0.5f : 0.5f));
}
