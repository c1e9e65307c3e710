using System.Runtime.CompilerServices;
using Mistral.Ilgpu.Kernels.Hardware.Cuda;
using Mistral.Ilgpu.Kernels.Hardware.Waves;
using Mistral.Ilgpu.Kernels.Products.Waves;

namespace Mistral.Ilgpu.Kernels.Products.Cuda;

/// <summary>16 of those rows, as eight products of eight tokens each.</summary>
internal struct StripSums
{
    public Sums16x8 A, B, C, D, E, F, G, H;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public readonly StripSums MultiplyAdd<TTensor>(
        Factors16x16 weights, Factors16x16 a, Factors16x16 b, Factors16x16 c, Factors16x16 d)
        where TTensor : struct, ITensorFormat => new()
        {
            A = MultiplyAdd<TTensor>(A, weights, a.A, a.B),
            B = MultiplyAdd<TTensor>(B, weights, a.C, a.D),
            C = MultiplyAdd<TTensor>(C, weights, b.A, b.B),
            D = MultiplyAdd<TTensor>(D, weights, b.C, b.D),
            E = MultiplyAdd<TTensor>(E, weights, c.A, c.B),
            F = MultiplyAdd<TTensor>(F, weights, c.C, c.D),
            G = MultiplyAdd<TTensor>(G, weights, d.A, d.B),
            H = MultiplyAdd<TTensor>(H, weights, d.C, d.D),
        };

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Sums16x8 MultiplyAdd<TTensor>(Sums16x8 sums, Factors16x16 weights, uint columnA, uint columnB)
        where TTensor : struct, ITensorFormat
    {
        var (a, b, c, d) = (sums.A, sums.B, sums.C, sums.D);
        TTensor.MultiplyAdd(ref a, ref b, ref c, ref d, weights.A, weights.B, weights.C, weights.D, columnA, columnB);
        return new Sums16x8 { A = a, B = b, C = c, D = d };
    }
}
