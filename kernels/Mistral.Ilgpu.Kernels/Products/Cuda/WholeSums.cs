using System.Runtime.CompilerServices;
using ILGPU;
using ILGPU.Runtime.Cuda;
using Mistral.Ilgpu.Kernels.Contract;
using Mistral.Ilgpu.Kernels.Hardware.Cuda;
using Mistral.Ilgpu.Kernels.Hardware.Waves;
using Mistral.Ilgpu.Kernels.Products.Waves;

namespace Mistral.Ilgpu.Kernels.Products.Cuda;

/// <summary>A lane's part of a 16 × 8 matrix of whole sums, laid out as <see cref="Sums16x8"/>.</summary>
internal struct WholeSums
{
    public float A, B, C, D;

    // Whole numbers that are counted from these bits on are floats from 3 × 2^22 on, as bits. With an exponent less by n they are
    // 2^n times smaller. To subtract the start is exact. It is one addition, where a conversion takes two turns or more of a unit
    // that has other work.
    private const uint StartBits = 0x4B400000;
    private const int ExponentAt = 23;

    /// <summary>Sixteen rows × sixteen columns of weights, times eight tokens, and 2 to the <paramref name="factorBits"/> times
    /// smaller.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static WholeSums OfHalf(uint top, uint bottom, uint column, int factorBits)
    {
        Output<uint> a = default, b = default, c = default, d = default;
        Input<uint> a0 = top, a1 = bottom, b0 = column;
        Input<uint> start = StartBits - ((uint)factorBits << ExponentAt);
        CudaAsm.EmitRef(
            "mma.sync.aligned.m16n8k16.row.col.s32.s8.s8.s32 {%0, %1, %2, %3}, {%4, %5}, {%6}, {%7, %7, %7, %7};",
            ref a, ref b, ref c, ref d, ref a0, ref a1, ref b0, ref start);
        return Of(a.Value, b.Value, c.Value, d.Value, factorBits);
    }

    /// <summary>Sixteen rows × 32 columns of weights likewise.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static WholeSums OfRun(Pack rows, RunColumns input, int factorBits)
    {
        Output<uint> a = default, b = default, c = default, d = default;
        Input<uint> a0 = rows.A, a1 = rows.B, a2 = rows.C, a3 = rows.D, b0 = input.Low, b1 = input.High;
        Input<uint> start = StartBits - ((uint)factorBits << ExponentAt);
        CudaAsm.EmitRef(
            "mma.sync.aligned.m16n8k32.row.col.s32.s8.s8.s32 {%0, %1, %2, %3}, {%4, %5, %6, %7}, {%8, %9}, {%10, %10, %10, %10};",
            ref a, ref b, ref c, ref d, ref a0, ref a1, ref a2, ref a3, ref b0, ref b1, ref start);
        return Of(a.Value, b.Value, c.Value, d.Value, factorBits);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static WholeSums Of(uint a, uint b, uint c, uint d, int factorBits)
    {
        float start = 12582912f / (1 << factorBits);
        return new WholeSums
        {
            A = Interop.IntAsFloat(a) - start,
            B = Interop.IntAsFloat(b) - start,
            C = Interop.IntAsFloat(c) - start,
            D = Interop.IntAsFloat(d) - start,
        };
    }
}
