using System.Runtime.CompilerServices;
using Mistral.Ilgpu.Kernels.Contract;
using Mistral.Ilgpu.Kernels.Hardware.Waves;

namespace Mistral.Ilgpu.Kernels.Hardware.Amd;

/// <summary>Eight columns of each of eight tokens, in 16 bits.</summary>
internal struct LaneTokens
{
    public Pack A, B, C, D, E, F, G, H;

    /// <summary>sums += their products with eight columns of a row. Columns are added in order.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public readonly EightSums MultiplyAdd<TFormat>(EightSums sums, Pack weights)
        where TFormat : struct, IPairFormat => new()
        {
            A = Dot<TFormat>(sums.A, A, weights), B = Dot<TFormat>(sums.B, B, weights),
            C = Dot<TFormat>(sums.C, C, weights), D = Dot<TFormat>(sums.D, D, weights),
            E = Dot<TFormat>(sums.E, E, weights), F = Dot<TFormat>(sums.F, F, weights),
            G = Dot<TFormat>(sums.G, G, weights), H = Dot<TFormat>(sums.H, H, weights),
        };

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static float Dot<TFormat>(float sum, Pack x, Pack w)
        where TFormat : struct, IPairFormat
    {
        sum = Dot<TFormat>(sum, x.A, w.A);
        sum = Dot<TFormat>(sum, x.B, w.B);
        sum = Dot<TFormat>(sum, x.C, w.C);
        return Dot<TFormat>(sum, x.D, w.D);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static float Dot<TFormat>(float sum, uint x, uint w)
        where TFormat : struct, IPairFormat =>
        TFormat.IsBFloat16 ? MatrixProducts.DotBFloat16(sum, x, w) : MatrixProducts.DotFloat16(sum, x, w);
}
