using System.Runtime.CompilerServices;
using ILGPU;
using Mistral.Ilgpu.Kernels.Contract;
using Mistral.Ilgpu.Kernels.Formats;

namespace Mistral.Ilgpu.Kernels.Attention.Waves;

/// <summary>bfloat16, in one load of 16 bytes.</summary>
public readonly struct EightBFloats : IEightFormat<ushort, Pack>
{
    public static bool IsScaled => false;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Eight Decode(Pack bits) => new()
    {
        A = Lower(bits.A),
        B = Upper(bits.A),
        C = Lower(bits.B),
        D = Upper(bits.B),
        E = Lower(bits.C),
        F = Upper(bits.C),
        G = Lower(bits.D),
        H = Upper(bits.D),
    };

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static float Decode(ushort bits) => BFloat16.Decode(bits);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static ushort Encode(float value) => BFloat16.Encode(value);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static float Lower(uint pair) => Interop.IntAsFloat(pair << 16);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static float Upper(uint pair) => Interop.IntAsFloat(pair & 0xFFFF0000u);
}
