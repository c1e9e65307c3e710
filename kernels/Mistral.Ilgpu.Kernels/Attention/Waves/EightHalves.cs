using System.Runtime.CompilerServices;
using Mistral.Ilgpu.Kernels.Contract;
using Mistral.Ilgpu.Kernels.Formats;

namespace Mistral.Ilgpu.Kernels.Attention.Waves;

/// <summary>IEEE binary16, in one load of 16 bytes.</summary>
public readonly struct EightHalves : IEightFormat<ushort, Pack>
{
    public static bool IsScaled => false;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Eight Decode(Pack bits) => new()
    {
        A = HalfPair.Low(bits.A),
        B = HalfPair.High(bits.A),
        C = HalfPair.Low(bits.B),
        D = HalfPair.High(bits.B),
        E = HalfPair.Low(bits.C),
        F = HalfPair.High(bits.C),
        G = HalfPair.Low(bits.D),
        H = HalfPair.High(bits.D),
    };

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static float Decode(ushort bits) => Float16.Decode(bits);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static ushort Encode(float value) => Float16.Encode(value);
}
