using System.Runtime.CompilerServices;
using ILGPU.IR.Intrinsics;
using ILGPU.Runtime.Cuda;
using Mistral.Ilgpu.Kernels.Contract;

namespace Mistral.Ilgpu.Kernels.Hardware.Waves;

/// <summary>Products of whole numbers of eight bits, four packed in an int.</summary>
internal static class Dp4a
{
    /// <summary>sum + Σ a[i] × b[i] over four signed bytes.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    [Bodies(OpenCl = nameof(AddOnOpenCl))]
    public static int Add(int sum, uint a, uint b)
    {
        if (CudaAsm.IsSupported)
        {
            CudaAsm.Emit("dp4a.s32.s32 %0, %1, %2, %3;", out int result, a, b, sum);
            return result;
        }

        for (int shift = 24; shift >= 0; shift -= 8)
        {
            sum += ((int)(a << shift) >> 24) * ((int)(b << shift) >> 24);
        }

        return sum;
    }

    /// <summary>The same of unsigned bytes a; for CUDA forms.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static int AddUnsigned(int sum, uint a, uint b)
    {
        CudaAsm.Emit("dp4a.u32.s32 %0, %1, %2, %3;", out int result, a, b, sum);
        return result;
    }

    [Wave("result = wave_dot4(sum, a, b);"), IntrinsicImplementation]
    public static int AddOnOpenCl(int sum, uint a, uint b) => Add(sum, a, b);

    /// <summary>The same over sixteen.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static int Add(int sum, Pack a, Pack b) => Add(Add(Add(Add(sum, a.A, b.A), a.B, b.B), a.C, b.C), a.D, b.D);
}
