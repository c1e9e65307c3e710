using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.X86;
using ILGPU.IR.Intrinsics;
using Mistral.Ilgpu.Kernels.Contract;

namespace Mistral.Ilgpu.Kernels.Hardware.Lanes;

/// <summary>
/// Sixteen elements side by side, the unit in which processors with vectors compute. Each method is a few of their instructions:
/// on the CPU accelerator through .NET's vectors and in OpenCL C through its own. References are to the first of sixteen
/// neighbours. Those in local memory become registers if only these methods touch them, with indices that are constant once loops
/// are unrolled.
/// </summary>
public static class Lanes
{
    public const int Count = 16;

    /// <summary>The statement of <see cref="Prefetch(ref int)"/>.</summary>
    internal const string PrefetchAhead = "prefetch_at((size_t)(from_at) + 16384);";

    [OpenCl("lanes = (int16)(0);"), IntrinsicImplementation]
    public static void Clear(ref int lanes) => Vector512<int>.Zero.StoreUnsafe(ref lanes);

    [OpenCl("lanes = (float16)(0);"), IntrinsicImplementation]
    public static void Clear(ref float lanes) => Vector512<float>.Zero.StoreUnsafe(ref lanes);

    /// <summary>
    /// Prefetches what lies 16 KiB behind these lanes. Weights that are read once come from memory, and the processors' own
    /// prefetching ends at a page. Past the end of a buffer it does nothing, as on the CPU accelerator.
    /// </summary>
    [OpenCl(PrefetchAhead), IntrinsicImplementation]
    public static void Prefetch(ref int from)
    {
    }

    /// <summary><see cref="Prefetch(ref int)"/> of 16-bit elements.</summary>
    [OpenCl(PrefetchAhead), IntrinsicImplementation]
    public static void Prefetch(ref ushort from)
    {
    }

    /// <summary><see cref="Prefetch(ref int)"/> of floats.</summary>
    [OpenCl(PrefetchAhead), IntrinsicImplementation]
    public static void Prefetch(ref float from)
    {
    }

    /// <summary>to = lanes.</summary>
    [OpenCl("to = lanes;"), IntrinsicImplementation]
    public static void Copy(ref float lanes, ref float to) => Vector512.LoadUnsafe(ref lanes).StoreUnsafe(ref to);

    /// <summary>to += lanes.</summary>
    [OpenCl("to += lanes;"), IntrinsicImplementation]
    public static void Add(ref float lanes, ref float to) =>
        (Vector512.LoadUnsafe(ref to) + Vector512.LoadUnsafe(ref lanes)).StoreUnsafe(ref to);

    /// <summary>to += lanes × factor, rounded once where the processor can.</summary>
    [OpenCl("to = multiply_add(lanes, (float16)(factor), to);"), IntrinsicImplementation]
    public static void AddProduct(ref float lanes, float factor, ref float to) =>
        Vector512.FusedMultiplyAdd(
            Vector512.LoadUnsafe(ref lanes), Vector512.Create(factor), Vector512.LoadUnsafe(ref to)).StoreUnsafe(ref to);

    /// <summary>to += (whole × factor − bias) × scales.</summary>
    [OpenCl("to = multiply_add(multiply_add(convert_float16(whole), (float16)(factor), (float16)(-bias)), scales, to);"),
        IntrinsicImplementation]
    public static void AddScaled(
        ref int whole, float factor, float bias, ref float scales, ref float to) => Vector512.FusedMultiplyAdd(
        Vector512.FusedMultiplyAdd(
            Vector512.ConvertToSingle(Vector512.LoadUnsafe(ref whole)), Vector512.Create(factor), Vector512.Create(-bias)),
        Vector512.LoadUnsafe(ref scales),
        Vector512.LoadUnsafe(ref to)).StoreUnsafe(ref to);

    /// <summary>to = lanes × other × factor.</summary>
    [OpenCl("to = lanes * (float16)(factor) * other;"), IntrinsicImplementation]
    public static void Multiply(ref float lanes, float factor, ref float other, ref float to) =>
        (Vector512.LoadUnsafe(ref lanes) * factor * Vector512.LoadUnsafe(ref other)).StoreUnsafe(ref to);

    /// <summary>to += lanes².</summary>
    [OpenCl("to = multiply_add(lanes, lanes, to);"), IntrinsicImplementation]
    public static void AddSquare(ref float lanes, ref float to) =>
        Vector512.FusedMultiplyAdd(
            Vector512.LoadUnsafe(ref lanes), Vector512.LoadUnsafe(ref lanes), Vector512.LoadUnsafe(ref to)).StoreUnsafe(ref to);

    /// <summary>to = gate / (1 + e^−gate) × up.</summary>
    [OpenCl("to = gate / (1 + exp(-gate)) * up;"), IntrinsicImplementation]
    public static void SwiGlu(ref float gate, ref float up, ref float to)
    {
        var lanes = Vector512.LoadUnsafe(ref gate);
        (lanes / (Vector512<float>.One + Vector512.Exp(-lanes)) * Vector512.LoadUnsafe(ref up)).StoreUnsafe(ref to);
    }

    /// <summary>The sum of all lanes: of the two halves, of the halves of that, and so on.</summary>
    [OpenCl("float8 a = lanes.lo + lanes.hi; float4 b = a.lo + a.hi; float2 c = b.lo + b.hi; result = c.x + c.y;"),
        IntrinsicImplementation]
    public static float Sum(ref float lanes)
    {
        var a = Vector256.LoadUnsafe(ref lanes) + Vector256.LoadUnsafe(ref lanes, 8);
        var b = a.GetLower() + a.GetUpper();
        return (b[0] + b[2]) + (b[1] + b[3]);
    }

    /// <summary>The largest magnitude of both.</summary>
    [OpenCl("""
        float16 m = fmax(fabs(lanes), fabs(others)); float8 a = fmax(m.lo, m.hi); float4 b = fmax(a.lo, a.hi); float2 c = fmax(b.lo, b.hi);
        result = fmax(c.x, c.y);
        """), IntrinsicImplementation]
    public static float MaxMagnitude(ref float lanes, ref float others)
    {
        var m = Vector512.Max(Vector512.Abs(Vector512.LoadUnsafe(ref lanes)), Vector512.Abs(Vector512.LoadUnsafe(ref others)));
        var a = Vector256.Max(m.GetLower(), m.GetUpper());
        var b = Vector128.Max(a.GetLower(), a.GetUpper());
        return MathF.Max(MathF.Max(b[0], b[1]), MathF.Max(b[2], b[3]));
    }

    /// <summary>
    /// Rounds lanes × inverse to whole numbers, halves away from zero. Writes them as four quads of bytes and as their pairs of
    /// shorts, see <see cref="Inputs.Int8Input"/>.
    /// </summary>
    /// <returns>Their sum.</returns>
    [OpenCl("""
        float16 scaled = lanes * (float16)(inverse); int16 whole = convert_int16(scaled + copysign((float16)(0.5f), scaled)); short16 s = convert_short16(whole);
        *(global lanes_quads*)quads_at = as_int4(convert_char16(whole)); *(global lanes_pairs*)pairs_at = as_int8(s.s021346578a9bcedf);
        int8 a = whole.lo + whole.hi; int4 b = a.lo + a.hi; int2 c = b.lo + b.hi; result = c.x + c.y;
        """), IntrinsicImplementation]
    public static int Quantize(ref float lanes, float inverse, ref int quads, ref int pairs)
    {
        var scaled = Vector512.LoadUnsafe(ref lanes) * inverse;
        var whole = Vector512.ConvertToInt32(scaled + Vector512.CopySign(Vector512.Create(0.5f), scaled));
        for (int quad = 0; quad < Count / BlockRun.QuadLength; quad++)
        {
            var (a, b, c, d) = (whole[4 * quad], whole[(4 * quad) + 1], whole[(4 * quad) + 2], whole[(4 * quad) + 3]);
            Unsafe.Add(ref quads, quad) = (a & 255) | ((b & 255) << 8) | ((c & 255) << 16) | (d << 24);
            Unsafe.Add(ref pairs, 2 * quad) = (a & 65535) | (c << 16);
            Unsafe.Add(ref pairs, (2 * quad) + 1) = (b & 65535) | (d << 16);
        }

        return Vector512.Sum(whole);
    }

    /// <summary>lanes = from × factors, of signed bytes.</summary>
    [OpenCl("lanes = convert_float16(convert_int16(from)) * factors;"), IntrinsicImplementation]
    public static void LoadScaled(ref sbyte from, ref float factors, ref float lanes)
    {
        var whole = Vector512.WidenLower(Vector256.WidenLower(Vector128.LoadUnsafe(ref from).ToVector256()).ToVector512());
        (Vector512.ConvertToSingle(whole) * Vector512.LoadUnsafe(ref factors)).StoreUnsafe(ref lanes);
    }

    /// <summary>lanes = (from >> shift) and mask.</summary>
    [OpenCl("lanes = (from >> shift) & mask;"), IntrinsicImplementation]
    public static void LoadBits(ref int from, int shift, int mask, ref int lanes) =>
        ((Vector512.LoadUnsafe(ref from) >> shift) & Vector512.Create(mask)).StoreUnsafe(ref lanes);

    /// <summary>lanes |= ((from >> shift) and mask) &lt;&lt; place.</summary>
    [OpenCl("lanes |= ((from >> shift) & mask) << place;"), IntrinsicImplementation]
    public static void AddBits(ref int from, int shift, int mask, int place, ref int lanes) => (Vector512.LoadUnsafe(ref lanes)
        | (((Vector512.LoadUnsafe(ref from) >> shift) & Vector512.Create(mask)) << place)).StoreUnsafe(ref lanes);

    /// <summary>Puts one of <see cref="UnevenValues"/> in place of each byte, which is its number.</summary>
    [OpenCl("bytes = uneven_values(bytes);"), IntrinsicImplementation]
    public static void LookUpUneven(ref int bytes)
    {
        var values = Vector512.Create(Vector256.Create(Vector128.Create(UnevenValues.Lower, UnevenValues.Upper))).AsByte();
        Vector512.Shuffle(values, Vector512.LoadUnsafe(ref bytes).AsByte()).AsInt32().StoreUnsafe(ref bytes);
    }

    /// <summary>
    /// Each lane of <paramref name="sums"/> is two sums of 16 bits, of the products of its lower and its upper two bytes. Those
    /// of <paramref name="bytes"/> are unsigned, those of <paramref name="x"/> signed. No sum may need more than 16 bits.
    /// </summary>
    [OpenCl("sums = __builtin_astype(__builtin_astype(sums, lanes_shorts) + multiply_bytes(bytes, (int16)(x)), int16);"),
        IntrinsicImplementation]
    public static void AddByteProducts(ref int bytes, int x, ref int sums)
    {
        var w = Vector512.LoadUnsafe(ref bytes).AsByte();
        var factors = Vector512.Create(x).AsSByte();
        var products = Avx512BW.IsSupported
            ? Avx512BW.MultiplyAddAdjacent(w, factors)
            : Vector512.Create(Adjacent(w.GetLower(), factors.GetLower()), Adjacent(w.GetUpper(), factors.GetUpper()));
        (Vector512.LoadUnsafe(ref sums).AsInt16() + products).AsInt32().StoreUnsafe(ref sums);
    }

    /// <summary>total += both sums of 16 bits of each lane.</summary>
    [OpenCl("total += multiply_shorts(sums, (int16)(65537));"), IntrinsicImplementation]
    public static void AddShorts(ref int sums, ref int total)
    {
        var both = Vector512.LoadUnsafe(ref sums);
        (Vector512.LoadUnsafe(ref total) + ((both << 16) >> 16) + (both >> 16)).StoreUnsafe(ref total);
    }

    /// <summary>
    /// total += the products of the lanes' signed bytes. Bytes 0 and 2 are multiplied with the two shorts of
    /// <paramref name="even"/>, bytes 1 and 3 with those of <paramref name="odd"/>.
    /// </summary>
    [OpenCl("""
        total += multiply_shorts(__builtin_astype((__builtin_astype(from, lanes_shorts) << (short)8) >> (short)8, int16), (int16)(even))
            + multiply_shorts(__builtin_astype(__builtin_astype(from, lanes_shorts) >> (short)8, int16), (int16)(odd));
        """), IntrinsicImplementation]
    public static void AddSignedProducts(ref int from, int even, int odd, ref int total)
    {
        var bytes = Vector512.LoadUnsafe(ref from).AsInt16();
        (Vector512.LoadUnsafe(ref total)
            + Adjacent((bytes << 8) >> 8, Vector512.Create(even).AsInt16())
            + Adjacent(bytes >> 8, Vector512.Create(odd).AsInt16())).StoreUnsafe(ref total);
    }

    private static Vector256<short> Adjacent(Vector256<byte> w, Vector256<sbyte> x)
    {
        if (Avx2.IsSupported)
        {
            return Avx2.MultiplyAddAdjacent(w, x);
        }

        var products = Vector256<short>.Zero;
        for (int i = 0; i < Vector256<short>.Count; i++)
        {
            products = products.WithElement(i, (short)((w[2 * i] * x[2 * i]) + (w[(2 * i) + 1] * x[(2 * i) + 1])));
        }

        return products;
    }

    private static Vector512<int> Adjacent(Vector512<short> w, Vector512<short> x)
    {
        if (Avx512BW.IsSupported)
        {
            return Avx512BW.MultiplyAddAdjacent(w, x);
        }

        var low = ((w.AsInt32() << 16) >> 16) * ((x.AsInt32() << 16) >> 16);
        return low + ((w.AsInt32() >> 16) * (x.AsInt32() >> 16));
    }
}
