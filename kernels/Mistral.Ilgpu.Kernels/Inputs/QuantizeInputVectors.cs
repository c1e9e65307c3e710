using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using ILGPU;
using Mistral.Ilgpu.Kernels.Contract;
using Mistral.Ilgpu.Kernels.Hardware.Vectors;

namespace Mistral.Ilgpu.Kernels.Inputs;

/// <summary><see cref="QuantizeInput"/> for the CPU accelerator: a work item takes neighbouring runs. No barriers.</summary>
[CpuForm(Vectors.Reason)]
public readonly record struct QuantizeInputVectors(
    StepState State,
    ArrayView<float> Input,
    VectorInput Output,
    int InputStride,
    RowRange Tokens) : ISharedKernel
{
    public void Execute() => Execute(WorkShare.Current);

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public void Execute(WorkShare share)
    {
        int runs = Output.Runs;
        var (first, end) = share.Neighbours((long)Tokens.First(State) * runs, (long)Tokens.End(State) * runs);
        for (long i = first; i < end; i++)
        {
            var (token, run) = (i / runs, (int)(i % runs));
            ref float x = ref Input[(token * InputStride) + (run * BlockRun.Length)];
            var (low, high) = (Vector512.LoadUnsafe(ref x), Vector512.LoadUnsafe(ref x, Vectors.Count));
            float scale = Vectors.Max(Vector512.Max(Vector512.Abs(low), Vector512.Abs(high))) / 127;
            // As QuantizeInput: a run of zeros has no scale, nor one so small that its inverse overflows.
            float inverse = scale > 1e-37f ? 1 / scale : 0;
            var (q, r) = (Round(low * inverse), Round(high * inverse));
            var words = Vector512.Narrow(q, r);
            Vector256.Narrow(words.GetLower(), words.GetUpper()).StoreUnsafe(ref Output.Values[i * BlockRun.Length]);
            float first16 = scale * Vector512.Sum(q);
            float other16 = scale * Vector512.Sum(r);
            Vector128.Create(scale, first16, other16, first16 + other16).StoreUnsafe(ref Output.Scales[4 * i]);
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector512<int> Round(Vector512<float> x)
    {
        var half = Vector512.Create(0.5f) | (x & Vector512.Create(-0f));
        return Vector512.ConvertToInt32Native(x + half);
    }
}
