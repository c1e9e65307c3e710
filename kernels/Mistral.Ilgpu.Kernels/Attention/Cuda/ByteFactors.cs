using System.Runtime.CompilerServices;
using ILGPU;
using ILGPU.Runtime.Cuda;
using Mistral.Ilgpu.Kernels.Contract;
using Mistral.Ilgpu.Kernels.Formats;

namespace Mistral.Ilgpu.Kernels.Attention.Cuda;

/// <summary>Signed bytes as tensor cores take them: four of a word as they are, or two of them as IEEE halves.</summary>
internal static class ByteFactors
{
    // Sums are counted from these bits on, so that they are floats from 3 × 2^22 on, as bits. With an exponent less by eight they
    // are 2^8 times smaller. See WholeSums.
    private const uint Start = 0x4B400000;
    private const uint FineStart = Start - (8 << 23);
    private const float BothStarts = 12582912f + 49152f;

    // The upper byte of halves from 1,024 on.
    private const uint Exponents = 0x64646464;

    /// <summary>Of a word and another, bytes 0 and 2 of each.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static uint Even(uint a, uint b) => PackedBytes.Permute(a, b, 0x6420);

    /// <summary>Bytes 1 and 3 of each.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static uint Odd(uint a, uint b) => PackedBytes.Permute(a, b, 0x7531);

    /// <summary>The lower half of each.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static uint LowOfBoth(uint a, uint b) => PackedBytes.Permute(a, b, 0x5410);

    /// <summary>The upper half of each.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static uint HighOfBoth(uint a, uint b) => PackedBytes.Permute(a, b, 0x7632);

    /// <summary>Signed bytes as unsigned ones that are 128 more.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static uint Unsigned(uint bytes) => bytes ^ PackedBytes.Tops;

    /// <summary>Bytes 0 and 2 of what <see cref="Unsigned"/> gives, as halves, without the 128.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static uint LowHalves(uint bytes) => WithoutOffset(PackedBytes.Permute(bytes, Exponents, 0x4240));

    /// <summary>Bytes 1 and 3.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static uint HighHalves(uint bytes) => WithoutOffset(PackedBytes.Permute(bytes, Exponents, 0x4341));

    /// <summary>The products of two halves and two others.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static uint Multiply(uint a, uint b)
    {
        CudaAsm.Emit("mul.rn.f16x2 %0, %1, %2;", out uint products, a, b);
        return products;
    }

    /// <summary>
    /// The products of eight heads' queries, a run of 32 elements, with eight keys. A query's element is its byte of an upper row
    /// and a 256th of that of the lower row. Of the products a lane has that of head lane / 4 and of two neighbouring keys.
    /// </summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static (float A, float B) Products(Pack queries, uint low, uint high)
    {
        Output<uint> a = default, b = default, c = default, d = default;
        Input<uint> a0 = queries.A, a1 = queries.B, a2 = queries.C, a3 = queries.D, b0 = low, b1 = high;
        Input<uint> start = Start, fine = FineStart;
        CudaAsm.EmitRef(
            "mma.sync.aligned.m16n8k32.row.col.s32.s8.s8.s32 {%0, %1, %2, %3}, {%4, %5, %6, %7}, {%8, %9}, {%10, %10, %11, %11};",
            ref a, ref b, ref c, ref d, ref a0, ref a1, ref a2, ref a3, ref b0, ref b1, ref start, ref fine);
        // The first difference is exact.
        return (
            Interop.IntAsFloat(a.Value) - BothStarts + Interop.IntAsFloat(c.Value),
            Interop.IntAsFloat(b.Value) - BothStarts + Interop.IntAsFloat(d.Value));
    }

    // A byte is the last bits of a half from 1,024 on. The difference is exact.
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static uint WithoutOffset(uint halves)
    {
        CudaAsm.Emit(
            "{ .reg .b32 offset; mov.b32 offset, 0xE480E480; add.rn.f16x2 %0, %1, offset; }", out uint numbers, halves);
        return numbers;
    }
}
