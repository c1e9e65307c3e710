using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using ILGPU;
using Mistral.Ilgpu.Kernels.Contract;
using Mistral.Ilgpu.Kernels.Hardware.Vectors;

namespace Mistral.Ilgpu.Kernels.Attention;

/// <summary>
/// <see cref="MergeSplits"/> for the CPU accelerator, to the bit. Work is shared by head, so that the weights of its splits are
/// computed once and not for each element.
/// </summary>
[CpuForm(Vectors.Reason)]
public readonly record struct MergeSplitsVectors(
    StepState State,
    ArrayView<float> Parts,
    ArrayView<float> Output,
    int Heads,
    int HeadDim,
    int Window,
    int OutputStride,
    int SplitTiles = DecodeSplits.LeastTiles) : ISharedKernel
{
    public void Execute() => Execute(WorkShare.Current);

    [SkipLocalsInit]
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public void Execute(WorkShare share)
    {
        Span<float> keep = stackalloc float[DecodeSplits.Most];
        int perPart = HeadDim + DecodeSplits.Tail;
        long items = (long)State.DecodeCount * Heads;
        for (long item = share.First; item < items; item += share.Count)
        {
            int token = (int)(item / Heads);
            int head = (int)(item % Heads);
            int splits = DecodeSplits.Count(State.Position(token), Window, SplitTiles);
            ref float parts = ref Parts[item * DecodeSplits.Most * perPart];
            float sum = Weigh(ref Unsafe.Add(ref parts, HeadDim), perPart, keep[..splits]);
            float norm = 1 / sum;
            ref float output = ref Output[((long)token * OutputStride) + (head * HeadDim)];
            for (nint d = 0; d < HeadDim; d += Vectors.Count)
            {
                Vector512<float> joined = default;
                for (int split = 0; split < splits; split++)
                {
                    joined += keep[split] * Vector512.LoadUnsafe(ref parts, (nuint)((split * perPart) + d));
                }

                (joined * norm).StoreUnsafe(ref output, (nuint)d);
            }
        }
    }

    // The weights of the splits, from their largest scores and their sums.
    /// <returns>The sum over all splits.</returns>
    private static float Weigh(ref float tails, int perPart, Span<float> keep)
    {
        float max = tails;
        for (int split = 1; split < keep.Length; split++)
        {
            max = MathF.Max(max, Unsafe.Add(ref tails, split * perPart));
        }

        float sum = 0;
        for (int split = 0; split < keep.Length; split++)
        {
            ref float tail = ref Unsafe.Add(ref tails, split * perPart);
            keep[split] = SoftmaxExp.Of(tail - max);
            sum += keep[split] * Unsafe.Add(ref tail, 1);
        }

        return sum;
    }
}
