using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.X86;

namespace Mistral.Ilgpu.Kernels.Hardware.Vectors;

/// <summary>
/// Products of bytes, four to a lane of sixteen, summed as whole numbers: the same sums on every processor. Weights are quads of
/// sixteen rows; activations are signed bytes within ±127, the same for all rows. <see cref="QuarterProducts"/> are for
/// processors without AVX2.
/// </summary>
internal static class ByteProducts
{
    /// <summary>What is added to weights of eight bits, because these instructions take one factor without a sign.</summary>
    public static int Bias
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        get => AvxVnni.IsSupported ? 128 : 0;
    }

    /// <summary>The products of eight quads.</summary>
    /// <param name="bits">Of a weight without a sign; 8 where it has one, and <see cref="Bias"/> added.</param>
    /// <param name="x">The first of 32 activations.</param>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector512<int> OfRun(int bits, in EightQuads w, ref sbyte x) => bits <= 4 && Avx512BW.IsSupported
        ? Widened(Shorts(w.A, w.B, w.C, w.D, ref x) + Shorts(w.E, w.F, w.G, w.H, ref Unsafe.Add(ref x, 16)))
        : OfHalf(bits, w.A, w.B, w.C, w.D, ref x) + OfHalf(bits, w.E, w.F, w.G, w.H, ref Unsafe.Add(ref x, 16));

    /// <summary>The products of four quads.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector512<int> OfHalf(
        int bits, Vector512<byte> a, Vector512<byte> b, Vector512<byte> c, Vector512<byte> d, ref sbyte x)
    {
        if (bits < 8 && Avx512BW.IsSupported)
        {
            // A sum of two quads of six bits fills 16 bits.
            return bits == 6
                ? Widened(Pair(a, b, ref x)) + Widened(Pair(c, d, ref Unsafe.Add(ref x, 8)))
                : Widened(Shorts(a, b, c, d, ref x));
        }

        return Vector512.Create(
            Eight(bits, a.GetLower(), b.GetLower(), c.GetLower(), d.GetLower(), ref x),
            Eight(bits, a.GetUpper(), b.GetUpper(), c.GetUpper(), d.GetUpper(), ref x));
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static int Quad(ref sbyte x, int quad) => Unsafe.ReadUnaligned<int>(ref Unsafe.As<sbyte, byte>(ref Unsafe.Add(ref x, 4 * quad)));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector512<short> Pair(Vector512<byte> a, Vector512<byte> b, ref sbyte x) =>
        Avx512BW.MultiplyAddAdjacent(a, Vector512.Create(Quad(ref x, 0)).AsSByte())
        + Avx512BW.MultiplyAddAdjacent(b, Vector512.Create(Quad(ref x, 1)).AsSByte());

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector512<short> Shorts(
        Vector512<byte> a, Vector512<byte> b, Vector512<byte> c, Vector512<byte> d, ref sbyte x) =>
        Pair(a, b, ref x) + Pair(c, d, ref Unsafe.Add(ref x, 8));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector512<int> Widened(Vector512<short> sums) => Avx512BW.MultiplyAddAdjacent(sums, Vector512<short>.One);

    // Of eight rows.
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector256<int> Eight(
        int bits, Vector256<byte> a, Vector256<byte> b, Vector256<byte> c, Vector256<byte> d, ref sbyte x)
    {
        var (x0, x1) = (Vector256.Create(Quad(ref x, 0)).AsSByte(), Vector256.Create(Quad(ref x, 1)).AsSByte());
        var (x2, x3) = (Vector256.Create(Quad(ref x, 2)).AsSByte(), Vector256.Create(Quad(ref x, 3)).AsSByte());
        if (AvxVnni.IsSupported)
        {
            var sum = AvxVnni.MultiplyWideningAndAdd(Vector256<int>.Zero, a, x0);
            sum = AvxVnni.MultiplyWideningAndAdd(sum, b, x1);
            sum = AvxVnni.MultiplyWideningAndAdd(sum, c, x2);
            return AvxVnni.MultiplyWideningAndAdd(sum, d, x3);
        }

        if (bits == 8)
        {
            return Signed(a.AsSByte(), x0) + Signed(b.AsSByte(), x1) + Signed(c.AsSByte(), x2) + Signed(d.AsSByte(), x3);
        }

        var lower = Avx2.MultiplyAddAdjacent(a, x0) + Avx2.MultiplyAddAdjacent(b, x1);
        var upper = Avx2.MultiplyAddAdjacent(c, x2) + Avx2.MultiplyAddAdjacent(d, x3);
        return bits == 6
            ? Avx2.MultiplyAddAdjacent(lower, Vector256<short>.One) + Avx2.MultiplyAddAdjacent(upper, Vector256<short>.One)
            : Avx2.MultiplyAddAdjacent(lower + upper, Vector256<short>.One);
    }

    // |w| × (x with w's sign): a sum of two is at most 2 × 128 × 127.
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector256<int> Signed(Vector256<sbyte> w, Vector256<sbyte> x) =>
        Avx2.MultiplyAddAdjacent(Avx2.MultiplyAddAdjacent(Avx2.Abs(w), Avx2.Sign(x, w)), Vector256<short>.One);
}
