using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using ILGPU;
using Mistral.Ilgpu.Kernels.Contract;
using Mistral.Ilgpu.Kernels.Hardware.Vectors;

namespace Mistral.Ilgpu.Kernels.Rows;

/// <summary><see cref="RmsNormRow"/> for the CPU accelerator: a work item takes a row, sixteen elements at a time. No
/// barriers.</summary>
[CpuForm(Vectors.Reason)]
public readonly record struct RmsNormVectors(
    StepState State,
    ArrayView<float> Input,
    ArrayView<float> Gain,
    ArrayView<float> Output,
    int Columns,
    int Stride,
    float Epsilon,
    RowRange Rows) : ISharedKernel
{
    public void Execute() => Execute(WorkShare.Current);

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public void Execute(WorkShare share)
    {
        int end = Rows.End(State);
        for (long row = Rows.First(State) + share.First; row < end; row += share.Count)
        {
            ref float x = ref Input[(long)Rows.Token(State, (int)row) * Stride];
            ref float y = ref Output[row * Stride];
            ref float gain = ref Gain[0];
            Vector512<float> even = default, odd = default;
            nint i = 0;
            for (; i + (2 * Vectors.Count) <= Columns; i += 2 * Vectors.Count)
            {
                var (a, b) = (Vector512.LoadUnsafe(ref x, (nuint)i), Vector512.LoadUnsafe(ref x, (nuint)(i + Vectors.Count)));
                even = Vectors.MultiplyAdd(a, a, even);
                odd = Vectors.MultiplyAdd(b, b, odd);
            }

            float sum = Vectors.Sum(even + odd);
            for (nint rest = i; rest < Columns; rest++)
            {
                sum += Unsafe.Add(ref x, rest) * Unsafe.Add(ref x, rest);
            }

            float scale = 1 / MathF.Sqrt((sum / Columns) + Epsilon);
            i = 0;
            for (; i + Vectors.Count <= Columns; i += Vectors.Count)
            {
                (Vector512.LoadUnsafe(ref x, (nuint)i) * scale * Vector512.LoadUnsafe(ref gain, (nuint)i))
                    .StoreUnsafe(ref y, (nuint)i);
            }

            for (; i < Columns; i++)
            {
                Unsafe.Add(ref y, i) = Unsafe.Add(ref x, i) * scale * Unsafe.Add(ref gain, i);
            }
        }
    }
}
