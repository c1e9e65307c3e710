using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using ILGPU;
using Mistral.Ilgpu.Kernels.Contract;
using Mistral.Ilgpu.Kernels.Hardware.Vectors;

namespace Mistral.Ilgpu.Kernels.Rows;

/// <summary><see cref="SwiGlu"/> for the CPU accelerator: a work item takes neighbouring lanes of sixteen. Rows are padded to
/// whole ones, and columns are a multiple of them. No barriers.</summary>
[CpuForm(Vectors.Reason)]
public readonly record struct SwiGluVectors(
    StepState State,
    ArrayView<float> GateUp,
    ArrayView<float> Output,
    int Columns,
    int InputStride,
    int OutputStride,
    RowRange Tokens) : ISharedKernel
{
    public void Execute() => Execute(WorkShare.Current);

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public void Execute(WorkShare share)
    {
        int perToken = Columns / Vectors.Count;
        var (first, end) = share.Neighbours((long)Tokens.First(State) * perToken, (long)Tokens.End(State) * perToken);
        for (long i = first; i < end; i++)
        {
            var (token, column) = (i / perToken, i % perToken * Vectors.Count);
            ref float from = ref GateUp[(token * InputStride) + column];
            var gate = Vector512.LoadUnsafe(ref from);
            var silu = gate / (Vector512<float>.One + Vector512.Exp(-gate));
            (silu * Vector512.LoadUnsafe(ref from, (nuint)Columns)).StoreUnsafe(ref Output[(token * OutputStride) + column]);
        }
    }
}
