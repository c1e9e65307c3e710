using System.Runtime.CompilerServices;
using Mistral.Ilgpu.Kernels.Contract;

namespace Mistral.Ilgpu.Kernels.Hardware.Cuda;

/// <summary>Eight neighbouring activations of a token, split: the columns' side of two products of 16 columns with 16 rows of
/// weights.</summary>
internal readonly struct SplitEight<TTensor>
    where TTensor : struct, ISplitFormat
{
    private readonly SplitPair _a, _b, _c, _d;

    /// <param name="exists">Otherwise they are zeros.</param>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public SplitEight(Floats4 first, Floats4 second, bool exists)
    {
        _a = SplitPair.Of<TTensor>(exists ? first.A : 0, exists ? first.B : 0);
        _b = SplitPair.Of<TTensor>(exists ? first.C : 0, exists ? first.D : 0);
        _c = SplitPair.Of<TTensor>(exists ? second.A : 0, exists ? second.B : 0);
        _d = SplitPair.Of<TTensor>(exists ? second.C : 0, exists ? second.D : 0);
    }

    /// <summary>sums + weights × activations, the small parts first.</summary>
    /// <param name="upper">The eight weights of the lane's upper row in these columns.</param>
    /// <param name="lower">Of the row eight below.</param>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public Sums16x8 MultiplyAdd(Sums16x8 sums, Pack upper, Pack lower)
    {
        var (a, b, c, d) = (sums.A, sums.B, sums.C, sums.D);
        TTensor.MultiplyAdd(ref a, ref b, ref c, ref d, upper.A, lower.A, upper.B, lower.B, _a.Low, _b.Low);
        TTensor.MultiplyAdd(ref a, ref b, ref c, ref d, upper.C, lower.C, upper.D, lower.D, _c.Low, _d.Low);
        TTensor.MultiplyAdd(ref a, ref b, ref c, ref d, upper.A, lower.A, upper.B, lower.B, _a.High, _b.High);
        TTensor.MultiplyAdd(ref a, ref b, ref c, ref d, upper.C, lower.C, upper.D, lower.D, _c.High, _d.High);
        return new Sums16x8 { A = a, B = b, C = c, D = d };
    }
}
