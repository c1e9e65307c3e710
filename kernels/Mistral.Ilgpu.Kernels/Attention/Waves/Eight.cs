using System.Runtime.CompilerServices;
using ILGPU;
using Mistral.Ilgpu.Kernels.Contract;
using Mistral.Ilgpu.Kernels.Hardware.Waves;

namespace Mistral.Ilgpu.Kernels.Attention.Waves;

/// <summary>
/// What a lane has of a tile: eight neighbouring positions of one element of a key, or eight neighbouring elements of a value.
/// </summary>
public struct Eight
{
    public float A, B, C, D, E, F, G, H;

    /// <summary>The first four.</summary>
    public readonly Floats4 Low
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        get => new() { A = A, B = B, C = C, D = D };
    }

    /// <summary>The last four.</summary>
    public readonly Floats4 High
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        get => new() { A = E, B = F, C = G, D = H };
    }

    /// <summary>factor × x + sum, each rounded once.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Eight MultiplyAdd(float factor, Eight x, Eight sum) => new()
    {
        A = Fused.MultiplyAdd(factor, x.A, sum.A),
        B = Fused.MultiplyAdd(factor, x.B, sum.B),
        C = Fused.MultiplyAdd(factor, x.C, sum.C),
        D = Fused.MultiplyAdd(factor, x.D, sum.D),
        E = Fused.MultiplyAdd(factor, x.E, sum.E),
        F = Fused.MultiplyAdd(factor, x.F, sum.F),
        G = Fused.MultiplyAdd(factor, x.G, sum.G),
        H = Fused.MultiplyAdd(factor, x.H, sum.H),
    };

    /// <summary>The same with a factor for each.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Eight MultiplyAdd(Eight factors, Eight x, Eight sum) => new()
    {
        A = Fused.MultiplyAdd(factors.A, x.A, sum.A),
        B = Fused.MultiplyAdd(factors.B, x.B, sum.B),
        C = Fused.MultiplyAdd(factors.C, x.C, sum.C),
        D = Fused.MultiplyAdd(factors.D, x.D, sum.D),
        E = Fused.MultiplyAdd(factors.E, x.E, sum.E),
        F = Fused.MultiplyAdd(factors.F, x.F, sum.F),
        G = Fused.MultiplyAdd(factors.G, x.G, sum.G),
        H = Fused.MultiplyAdd(factors.H, x.H, sum.H),
    };

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Eight operator *(Eight x, float factor) => new()
    {
        A = x.A * factor,
        B = x.B * factor,
        C = x.C * factor,
        D = x.D * factor,
        E = x.E * factor,
        F = x.F * factor,
        G = x.G * factor,
        H = x.H * factor,
    };

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Eight operator *(Eight x, Eight y) => new()
    {
        A = x.A * y.A,
        B = x.B * y.B,
        C = x.C * y.C,
        D = x.D * y.D,
        E = x.E * y.E,
        F = x.F * y.F,
        G = x.G * y.G,
        H = x.H * y.H,
    };

    /// <summary>
    /// Adds the eight of the lanes of a team that are neighbours by two, and leaves each lane one of the sums. First a lane gives
    /// away four of its eight sums and gets the other lane's share of those that it keeps, then two, then one.
    /// </summary>
    /// <returns>In a lane that of the eight's element lane / 2, over the lanes that are even or odd as it is.</returns>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static float SumOverTeam(Eight x)
    {
        bool second = (Team.Lane & 8) != 0;
        float a = Kept(x.A, x.E, second, 8);
        float b = Kept(x.B, x.F, second, 8);
        float c = Kept(x.C, x.G, second, 8);
        float d = Kept(x.D, x.H, second, 8);
        second = (Team.Lane & 4) != 0;
        a = Kept(a, c, second, 4);
        b = Kept(b, d, second, 4);
        return Kept(a, b, (Team.Lane & 2) != 0, 2);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static float Kept(float first, float second, bool keepsSecond, int mask)
    {
        float given = keepsSecond ? first : second;
        float kept = keepsSecond ? second : first;
        return kept + Warp.ShuffleXor(given, mask);
    }
}
