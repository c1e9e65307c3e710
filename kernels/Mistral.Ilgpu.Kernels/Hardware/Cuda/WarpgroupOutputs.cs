using System.Runtime.CompilerServices;
using ILGPU.Runtime.Cuda;
using Mistral.Ilgpu.Kernels.Contract;

namespace Mistral.Ilgpu.Kernels.Hardware.Cuda;

/// <summary>
/// A warpgroup's outputs of 64 queries × <see cref="Elements"/> elements: 64 registers of each thread, <c>o0</c> to <c>o63</c>,
/// named in the PTX itself, which lie as <see cref="WarpgroupScores"/> do.
/// </summary>
internal static class WarpgroupOutputs
{
    /// <summary>Elements of a head that there is room for.</summary>
    public const int Elements = 128;

    /// <summary>All registers.</summary>
    public const string Names =
        "o0, o1, o2, o3, o4, o5, o6, o7, o8, o9, o10, o11, o12, o13, o14, o15, o16, o17, o18, o19, o20, o21, o22, o23, " +
        "o24, o25, o26, o27, o28, o29, o30, o31, o32, o33, o34, o35, o36, o37, o38, o39, o40, o41, o42, o43, o44, o45, " +
        "o46, o47, o48, o49, o50, o51, o52, o53, o54, o55, o56, o57, o58, o59, o60, o61, o62, o63";

    /// <summary>Declares the registers, zeros; once in a kernel.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void Declare() => CudaAsm.Emit(".reg .f32 o<64>; " + Zeros);

    /// <summary>Multiplies the outputs of the thread's upper and of its lower row.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void Scale(float top, float bottom) => CudaAsm.Emit(Multiply, top, bottom);

    /// <summary>Elements 0 to 31.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static OutputRun First()
    {
        Output<float> r0 = default, r1 = default, r2 = default, r3 = default, r4 = default, r5 = default;
        Output<float> r6 = default, r7 = default, r8 = default, r9 = default, r10 = default, r11 = default;
        Output<float> r12 = default, r13 = default, r14 = default, r15 = default;
        CudaAsm.EmitRef(
            FirstValues, ref r0, ref r1, ref r2, ref r3, ref r4, ref r5, ref r6, ref r7,
            ref r8, ref r9, ref r10, ref r11, ref r12, ref r13, ref r14, ref r15);
        return new OutputRun(
            new Floats4 { A = r0.Value, B = r1.Value, C = r2.Value, D = r3.Value },
            new Floats4 { A = r4.Value, B = r5.Value, C = r6.Value, D = r7.Value },
            new Floats4 { A = r8.Value, B = r9.Value, C = r10.Value, D = r11.Value },
            new Floats4 { A = r12.Value, B = r13.Value, C = r14.Value, D = r15.Value });
    }

    /// <summary>Elements 32 to 63.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static OutputRun Second()
    {
        Output<float> r0 = default, r1 = default, r2 = default, r3 = default, r4 = default, r5 = default;
        Output<float> r6 = default, r7 = default, r8 = default, r9 = default, r10 = default, r11 = default;
        Output<float> r12 = default, r13 = default, r14 = default, r15 = default;
        CudaAsm.EmitRef(
            SecondValues, ref r0, ref r1, ref r2, ref r3, ref r4, ref r5, ref r6, ref r7,
            ref r8, ref r9, ref r10, ref r11, ref r12, ref r13, ref r14, ref r15);
        return new OutputRun(
            new Floats4 { A = r0.Value, B = r1.Value, C = r2.Value, D = r3.Value },
            new Floats4 { A = r4.Value, B = r5.Value, C = r6.Value, D = r7.Value },
            new Floats4 { A = r8.Value, B = r9.Value, C = r10.Value, D = r11.Value },
            new Floats4 { A = r12.Value, B = r13.Value, C = r14.Value, D = r15.Value });
    }

    /// <summary>Elements 64 to 95.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static OutputRun Third()
    {
        Output<float> r0 = default, r1 = default, r2 = default, r3 = default, r4 = default, r5 = default;
        Output<float> r6 = default, r7 = default, r8 = default, r9 = default, r10 = default, r11 = default;
        Output<float> r12 = default, r13 = default, r14 = default, r15 = default;
        CudaAsm.EmitRef(
            ThirdValues, ref r0, ref r1, ref r2, ref r3, ref r4, ref r5, ref r6, ref r7,
            ref r8, ref r9, ref r10, ref r11, ref r12, ref r13, ref r14, ref r15);
        return new OutputRun(
            new Floats4 { A = r0.Value, B = r1.Value, C = r2.Value, D = r3.Value },
            new Floats4 { A = r4.Value, B = r5.Value, C = r6.Value, D = r7.Value },
            new Floats4 { A = r8.Value, B = r9.Value, C = r10.Value, D = r11.Value },
            new Floats4 { A = r12.Value, B = r13.Value, C = r14.Value, D = r15.Value });
    }

    /// <summary>Elements 96 to 127.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static OutputRun Fourth()
    {
        Output<float> r0 = default, r1 = default, r2 = default, r3 = default, r4 = default, r5 = default;
        Output<float> r6 = default, r7 = default, r8 = default, r9 = default, r10 = default, r11 = default;
        Output<float> r12 = default, r13 = default, r14 = default, r15 = default;
        CudaAsm.EmitRef(
            FourthValues, ref r0, ref r1, ref r2, ref r3, ref r4, ref r5, ref r6, ref r7,
            ref r8, ref r9, ref r10, ref r11, ref r12, ref r13, ref r14, ref r15);
        return new OutputRun(
            new Floats4 { A = r0.Value, B = r1.Value, C = r2.Value, D = r3.Value },
            new Floats4 { A = r4.Value, B = r5.Value, C = r6.Value, D = r7.Value },
            new Floats4 { A = r8.Value, B = r9.Value, C = r10.Value, D = r11.Value },
            new Floats4 { A = r12.Value, B = r13.Value, C = r14.Value, D = r15.Value });
    }

    private const string Zeros =
        "mov.f32 o0, 0f00000000; mov.f32 o1, 0f00000000; mov.f32 o2, 0f00000000; mov.f32 o3, 0f00000000; " +
        "mov.f32 o4, 0f00000000; mov.f32 o5, 0f00000000; mov.f32 o6, 0f00000000; mov.f32 o7, 0f00000000; " +
        "mov.f32 o8, 0f00000000; mov.f32 o9, 0f00000000; mov.f32 o10, 0f00000000; mov.f32 o11, 0f00000000; " +
        "mov.f32 o12, 0f00000000; mov.f32 o13, 0f00000000; mov.f32 o14, 0f00000000; mov.f32 o15, 0f00000000; " +
        "mov.f32 o16, 0f00000000; mov.f32 o17, 0f00000000; mov.f32 o18, 0f00000000; mov.f32 o19, 0f00000000; " +
        "mov.f32 o20, 0f00000000; mov.f32 o21, 0f00000000; mov.f32 o22, 0f00000000; mov.f32 o23, 0f00000000; " +
        "mov.f32 o24, 0f00000000; mov.f32 o25, 0f00000000; mov.f32 o26, 0f00000000; mov.f32 o27, 0f00000000; " +
        "mov.f32 o28, 0f00000000; mov.f32 o29, 0f00000000; mov.f32 o30, 0f00000000; mov.f32 o31, 0f00000000; " +
        "mov.f32 o32, 0f00000000; mov.f32 o33, 0f00000000; mov.f32 o34, 0f00000000; mov.f32 o35, 0f00000000; " +
        "mov.f32 o36, 0f00000000; mov.f32 o37, 0f00000000; mov.f32 o38, 0f00000000; mov.f32 o39, 0f00000000; " +
        "mov.f32 o40, 0f00000000; mov.f32 o41, 0f00000000; mov.f32 o42, 0f00000000; mov.f32 o43, 0f00000000; " +
        "mov.f32 o44, 0f00000000; mov.f32 o45, 0f00000000; mov.f32 o46, 0f00000000; mov.f32 o47, 0f00000000; " +
        "mov.f32 o48, 0f00000000; mov.f32 o49, 0f00000000; mov.f32 o50, 0f00000000; mov.f32 o51, 0f00000000; " +
        "mov.f32 o52, 0f00000000; mov.f32 o53, 0f00000000; mov.f32 o54, 0f00000000; mov.f32 o55, 0f00000000; " +
        "mov.f32 o56, 0f00000000; mov.f32 o57, 0f00000000; mov.f32 o58, 0f00000000; mov.f32 o59, 0f00000000; " +
        "mov.f32 o60, 0f00000000; mov.f32 o61, 0f00000000; mov.f32 o62, 0f00000000; mov.f32 o63, 0f00000000;";

    private const string Multiply =
        "mul.f32 o0, o0, %0; mul.f32 o1, o1, %0; mul.f32 o2, o2, %1; mul.f32 o3, o3, %1; mul.f32 o4, o4, %0; " +
        "mul.f32 o5, o5, %0; mul.f32 o6, o6, %1; mul.f32 o7, o7, %1; mul.f32 o8, o8, %0; mul.f32 o9, o9, %0; " +
        "mul.f32 o10, o10, %1; mul.f32 o11, o11, %1; mul.f32 o12, o12, %0; mul.f32 o13, o13, %0; mul.f32 o14, o14, %1; " +
        "mul.f32 o15, o15, %1; mul.f32 o16, o16, %0; mul.f32 o17, o17, %0; mul.f32 o18, o18, %1; mul.f32 o19, o19, %1; " +
        "mul.f32 o20, o20, %0; mul.f32 o21, o21, %0; mul.f32 o22, o22, %1; mul.f32 o23, o23, %1; mul.f32 o24, o24, %0; " +
        "mul.f32 o25, o25, %0; mul.f32 o26, o26, %1; mul.f32 o27, o27, %1; mul.f32 o28, o28, %0; mul.f32 o29, o29, %0; " +
        "mul.f32 o30, o30, %1; mul.f32 o31, o31, %1; mul.f32 o32, o32, %0; mul.f32 o33, o33, %0; mul.f32 o34, o34, %1; " +
        "mul.f32 o35, o35, %1; mul.f32 o36, o36, %0; mul.f32 o37, o37, %0; mul.f32 o38, o38, %1; mul.f32 o39, o39, %1; " +
        "mul.f32 o40, o40, %0; mul.f32 o41, o41, %0; mul.f32 o42, o42, %1; mul.f32 o43, o43, %1; mul.f32 o44, o44, %0; " +
        "mul.f32 o45, o45, %0; mul.f32 o46, o46, %1; mul.f32 o47, o47, %1; mul.f32 o48, o48, %0; mul.f32 o49, o49, %0; " +
        "mul.f32 o50, o50, %1; mul.f32 o51, o51, %1; mul.f32 o52, o52, %0; mul.f32 o53, o53, %0; mul.f32 o54, o54, %1; " +
        "mul.f32 o55, o55, %1; mul.f32 o56, o56, %0; mul.f32 o57, o57, %0; mul.f32 o58, o58, %1; mul.f32 o59, o59, %1; " +
        "mul.f32 o60, o60, %0; mul.f32 o61, o61, %0; mul.f32 o62, o62, %1; mul.f32 o63, o63, %1;";

    private const string FirstValues =
        "mov.f32 %0, o0; mov.f32 %1, o1; mov.f32 %2, o2; mov.f32 %3, o3; mov.f32 %4, o4; mov.f32 %5, o5; mov.f32 %6, o6; " +
        "mov.f32 %7, o7; mov.f32 %8, o8; mov.f32 %9, o9; mov.f32 %10, o10; mov.f32 %11, o11; mov.f32 %12, o12; " +
        "mov.f32 %13, o13; mov.f32 %14, o14; mov.f32 %15, o15;";

    private const string SecondValues =
        "mov.f32 %0, o16; mov.f32 %1, o17; mov.f32 %2, o18; mov.f32 %3, o19; mov.f32 %4, o20; mov.f32 %5, o21; " +
        "mov.f32 %6, o22; mov.f32 %7, o23; mov.f32 %8, o24; mov.f32 %9, o25; mov.f32 %10, o26; mov.f32 %11, o27; " +
        "mov.f32 %12, o28; mov.f32 %13, o29; mov.f32 %14, o30; mov.f32 %15, o31;";

    private const string ThirdValues =
        "mov.f32 %0, o32; mov.f32 %1, o33; mov.f32 %2, o34; mov.f32 %3, o35; mov.f32 %4, o36; mov.f32 %5, o37; " +
        "mov.f32 %6, o38; mov.f32 %7, o39; mov.f32 %8, o40; mov.f32 %9, o41; mov.f32 %10, o42; mov.f32 %11, o43; " +
        "mov.f32 %12, o44; mov.f32 %13, o45; mov.f32 %14, o46; mov.f32 %15, o47;";

    private const string FourthValues =
        "mov.f32 %0, o48; mov.f32 %1, o49; mov.f32 %2, o50; mov.f32 %3, o51; mov.f32 %4, o52; mov.f32 %5, o53; " +
        "mov.f32 %6, o54; mov.f32 %7, o55; mov.f32 %8, o56; mov.f32 %9, o57; mov.f32 %10, o58; mov.f32 %11, o59; " +
        "mov.f32 %12, o60; mov.f32 %13, o61; mov.f32 %14, o62; mov.f32 %15, o63;";
}
