using System.Runtime.CompilerServices;
using ILGPU;
using Mistral.Ilgpu.Kernels.Contract;
using Mistral.Ilgpu.Kernels.Hardware.Waves;

namespace Mistral.Ilgpu.Kernels.Hardware.Amd;

/// <summary>Sixteen numbers of a lane's column, see <see cref="IRowCore"/>.</summary>
internal static class ColumnNumbers
{
    /// <summary>Eight numbers of 0 to 1, rounded to 16 bits.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Pack Round<TFormat>(EightSums numbers)
        where TFormat : struct, IPairFormat => new()
        {
            A = Pair<TFormat>(numbers.A, numbers.B),
            B = Pair<TFormat>(numbers.C, numbers.D),
            C = Pair<TFormat>(numbers.E, numbers.F),
            D = Pair<TFormat>(numbers.G, numbers.H),
        };

    /// <summary>The lane's half of sixteen numbers; bodies in C# get the other half too.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static MatrixFragment OfHalves(Pack own, int lanes) => new()
    {
        Low = own,
        High = new Pack
        {
            A = HalfWaves.OtherInBodies(own.A, lanes), B = HalfWaves.OtherInBodies(own.B, lanes),
            C = HalfWaves.OtherInBodies(own.C, lanes), D = HalfWaves.OtherInBodies(own.D, lanes),
        },
    };

    /// <summary>What the column's other lane has.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Pack Other(Pack own, int lanes) => new()
    {
        A = HalfWaves.Other(own.A, lanes), B = HalfWaves.Other(own.B, lanes),
        C = HalfWaves.Other(own.C, lanes), D = HalfWaves.Other(own.D, lanes),
    };

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Pack Choose(bool choosesFirst, Pack first, Pack second) => new()
    {
        A = choosesFirst ? first.A : second.A, B = choosesFirst ? first.B : second.B,
        C = choosesFirst ? first.C : second.C, D = choosesFirst ? first.D : second.D,
    };

    // Nothing overflows, so nothing is clamped.
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static uint Pair<TFormat>(float low, float high)
        where TFormat : struct, IPairFormat =>
        TFormat.IsBFloat16 ? HalfPairs.BFloats(low, high) : HalfPairs.Halves(low, high);
}
