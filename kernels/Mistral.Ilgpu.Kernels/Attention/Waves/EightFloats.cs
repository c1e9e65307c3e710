using System.Runtime.CompilerServices;

namespace Mistral.Ilgpu.Kernels.Attention.Waves;

/// <summary>float32, in two loads of 16 bytes.</summary>
public readonly struct EightFloats : IEightFormat<float, Eight>
{
    public static bool IsScaled => false;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Eight Decode(Eight bits) => bits;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static float Decode(float bits) => bits;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static float Encode(float value) => value;
}
