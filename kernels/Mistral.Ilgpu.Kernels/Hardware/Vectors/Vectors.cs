using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.X86;

namespace Mistral.Ilgpu.Kernels.Hardware.Vectors;

/// <summary>
/// What forms for the CPU accelerator compute with: sixteen floats side by side, in one register or in as many as the processor
/// needs. A sum has the same order in all forms, so that a row's does not depend on which of them makes it.
/// </summary>
internal static class Vectors
{
    public const int Count = 16;

    // Bytes.
    private const int Ahead = 8192;

    /// <summary>Why such forms are for the CPU accelerator alone.</summary>
    public const string Reason = ".NET's vectors";

    /// <summary>Whether registers have 128 bits: on Arm64 and on old processors.</summary>
    public static bool AreQuarters
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        get => !Avx2.IsSupported;
    }

    /// <summary>
    /// Prefetches what lies some KiB ahead. Weights that are read once come from memory, and processors' own prefetching ends at a
    /// page. Past the end of a buffer it does nothing.
    /// </summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void Prefetch<T>(ref T from) => PrefetchAt(ref Unsafe.AddByteOffset(ref from, Ahead));

    /// <summary>Prefetches a line of the cache.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static unsafe void PrefetchAt<T>(ref T line)
    {
        if (Sse.IsSupported)
        {
            Sse.Prefetch0(Unsafe.AsPointer(ref line));
        }
    }

    /// <summary>a × b + c, fused where the processor can.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector512<float> MultiplyAdd(Vector512<float> a, Vector512<float> b, Vector512<float> c) =>
        Vector512.MultiplyAddEstimate(a, b, c);

    /// <summary>The same of four.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector128<float> MultiplyAdd(Vector128<float> a, Vector128<float> b, Vector128<float> c) =>
        Vector128.MultiplyAddEstimate(a, b, c);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static float Sum(Vector512<float> lanes)
    {
        var eight = lanes.GetLower() + lanes.GetUpper();
        var four = eight.GetLower() + eight.GetUpper();
        return (four[0] + four[2]) + (four[1] + four[3]);
    }

    /// <summary>Four sums, each as <see cref="Sum(Vector512{float})"/> makes it.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector128<float> Sum(Vector512<float> a, Vector512<float> b, Vector512<float> c, Vector512<float> d)
    {
        if (!Avx512F.IsSupported)
        {
            return Vector128.Create(Sum(a), Sum(b), Sum(c), Sum(d));
        }

        // Eight floats of two, then four of each, then one.
        var ab = Avx512F.Shuffle4x128(a, b, 0x44) + Avx512F.Shuffle4x128(a, b, 0xEE);
        var cd = Avx512F.Shuffle4x128(c, d, 0x44) + Avx512F.Shuffle4x128(c, d, 0xEE);
        var fours = Avx512F.Shuffle4x128(ab, cd, 0x88) + Avx512F.Shuffle4x128(ab, cd, 0xDD);
        var twos = fours + Avx512F.Permute4x32(fours, 0x4E);
        var ones = twos + Avx512F.Permute4x32(twos, 0xB1);
        var first = Vector512.Create(0, 4, 8, 12, 0, 4, 8, 12, 0, 4, 8, 12, 0, 4, 8, 12);
        return Vector512.Shuffle(ones, first).GetLower().GetLower();
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static float Max(Vector512<float> lanes)
    {
        var eight = Vector256.Max(lanes.GetLower(), lanes.GetUpper());
        var four = Vector128.Max(eight.GetLower(), eight.GetUpper());
        return MathF.Max(MathF.Max(four[0], four[2]), MathF.Max(four[1], four[3]));
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector512<uint> Widen(Vector256<ushort> bits) => Avx512F.IsSupported
        ? Avx512F.ConvertToVector512UInt32(bits)
        : Vector512.Create(Vector256.WidenLower(bits), Vector256.WidenUpper(bits));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector512<int> WidenSigned(Vector256<short> values) => Avx512F.IsSupported
        ? Avx512F.ConvertToVector512Int32(values)
        : Vector512.Create(Vector256.WidenLower(values), Vector256.WidenUpper(values));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector512<int> Widen(Vector128<sbyte> values)
    {
        if (Avx512F.IsSupported)
        {
            return Avx512F.ConvertToVector512Int32(values);
        }

        var (low, high) = Vector128.Widen(values);
        return Vector512.Create(
            Vector256.Create(Vector128.WidenLower(low), Vector128.WidenUpper(low)),
            Vector256.Create(Vector128.WidenLower(high), Vector128.WidenUpper(high)));
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector512<float> ToFloats(Vector128<sbyte> values) => Vector512.ConvertToSingle(Widen(values));

    /// <summary><see cref="Attention.SoftmaxExp.Of"/> of each.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector512<float> SoftmaxExp(Vector512<float> x)
    {
        const float Log2E = 1.44269504f;
        var t = Vector512.Max(x * Log2E, Vector512.Create(-126f));
        var n = Vector512.ConvertToInt32Native(t - Vector512.Create(0.5f));
        var f = t - Vector512.ConvertToSingle(n);
        var power = Vector512.Create(1.54035304e-4f);
        power = MultiplyAdd(power, f, Vector512.Create(1.33335581e-3f));
        power = MultiplyAdd(power, f, Vector512.Create(9.61812911e-3f));
        power = MultiplyAdd(power, f, Vector512.Create(5.55041087e-2f));
        power = MultiplyAdd(power, f, Vector512.Create(2.40226507e-1f));
        power = MultiplyAdd(power, f, Vector512.Create(6.93147181e-1f));
        power = MultiplyAdd(power, f, Vector512<float>.One);
        return power * ((n + Vector512.Create(127)) << 23).AsSingle();
    }
}
