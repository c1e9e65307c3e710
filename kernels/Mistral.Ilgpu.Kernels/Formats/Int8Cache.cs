using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using Mistral.Ilgpu.Kernels.Contract;
using Mistral.Ilgpu.Kernels.Hardware.Lanes;
using Mistral.Ilgpu.Kernels.Hardware.Vectors;

namespace Mistral.Ilgpu.Kernels.Formats;

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
