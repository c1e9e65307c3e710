using System.Runtime.CompilerServices;
using Mistral.Ilgpu.Kernels.Contract;
using Mistral.Ilgpu.Kernels.Formats;

namespace Mistral.Ilgpu.Kernels.Attention.Waves;

/// <summary>Eight bits with a scale for each run (<see cref="Int8Cache"/>), in one load of eight bytes.</summary>
public readonly struct EightQuants : IEightFormat<sbyte, EightBytes>
{
    public static bool IsScaled => true;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Eight Decode(EightBytes bits) => new()
    {
        A = (int)(bits.A << 24) >> 24,
        B = (int)(bits.A << 16) >> 24,
        C = (int)(bits.A << 8) >> 24,
        D = (int)bits.A >> 24,
        E = (int)(bits.B << 24) >> 24,
        F = (int)(bits.B << 16) >> 24,
        G = (int)(bits.B << 8) >> 24,
        H = (int)bits.B >> 24,
    };

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static float Decode(sbyte bits) => bits;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static sbyte Encode(float value) => Int8Cache.Encode(value);
}
