using System.Runtime.CompilerServices;
using ILGPU;
using Mistral.Ilgpu.Kernels.Contract;
using Mistral.Ilgpu.Kernels.Formats;
using Mistral.Ilgpu.Kernels.Hardware.Lanes;

namespace Mistral.Ilgpu.Kernels.Products;

/// <summary>
/// y[t, r] = Σ_c W[r, c] x[t, c], also y += with <see cref="AddToResidual"/>, for vector processors. W in strips of columns × 16
/// rows, see <see cref="Strip"/>; x: tokens × columns, zero-padded to <see cref="Padding.Columns"/>; y: tokens × outputStride; of
/// the pass's rows those of Tokens. A work item takes a strip, whose weights stay in the cache while it goes through the tokens,
/// four at a time. Even and odd columns are summed apart, because a sum waits for the one before.
/// </summary>
[LaneForm]
public readonly record struct StripMatVec<TFormat, TElement, TResult>(
    StepState State,
    ArrayView<TElement> Weights,
    ArrayView<float> Input,
    ArrayView<float> Output,
    int Rows,
    int InputStride,
    int OutputStride,
    RowRange Tokens) : IKernel, ILink
    where TFormat : struct, IWeightFormat<TElement>
    where TElement : unmanaged
    where TResult : struct, IResult
{
    public long Items => Strip.Count(Rows);

    public void Execute()
    {
        for (long item = WorkItems.First; item < Items; item += WorkItems.Count)
        {
            Do(item);
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public void Do(long item)
    {
        var sums = LocalMemory.Allocate<float>(2 * StripTokens.AtOnce * Lanes.Count);
        var weights = LocalMemory.Allocate<float>(2 * Lanes.Count);
        var edge = LocalMemory.Allocate<float>(Lanes.Count);
        int end = Tokens.End(State);
        int first = Tokens.First(State);
        int token = first;
        for (; token + StripTokens.AtOnce <= end; token += StripTokens.AtOnce)
        {
            Take(StripTokens.AtOnce, item, token, token == first, sums, weights, edge);
        }

        for (; token < end; token++)
        {
            Take(1, item, token, token == first, sums, weights, edge);
        }
    }

    /// <param name="isFirst">Whether the weights come from memory. Later tokens find them in the cache.</param>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private void Take(
        int tokens, long strip, int token, bool isFirst,
        ArrayView<float> sums, ArrayView<float> weights, ArrayView<float> edge)
    {
        for (int i = 0; i < 2 * tokens; i++)
        {
            Lanes.Clear(ref sums[i * Lanes.Count]);
        }

        long from = strip * InputStride * Strip.Rows;
        long x = (long)token * InputStride;
        for (int column = 0; column < InputStride; column += 2)
        {
            TFormat.Load(ref Weights[from + (column * Strip.Rows)], ref weights[0]);
            TFormat.Load(ref Weights[from + ((column + 1) * Strip.Rows)], ref weights[Lanes.Count]);
            if (isFirst)
            {
                TFormat.Prefetch(ref Weights[from + (column * Strip.Rows)]);
            }

            for (int t = 0; t < tokens; t++)
            {
                Lanes.AddProduct(ref weights[0], Input[x + ((long)t * InputStride) + column], ref sums[2 * t * Lanes.Count]);
                Lanes.AddProduct(
                    ref weights[Lanes.Count], Input[x + ((long)t * InputStride) + column + 1],
                    ref sums[((2 * t) + 1) * Lanes.Count]);
            }
        }

        for (int t = 0; t < tokens; t++)
        {
            Lanes.Add(ref sums[((2 * t) + 1) * Lanes.Count], ref sums[2 * t * Lanes.Count]);
            TFormat.ScaleStrip(ref sums[2 * t * Lanes.Count], Weights, InputStride, strip);
            StripOutput.Write<TResult>(Output, token + t, OutputStride, strip, Rows, ref sums[2 * t * Lanes.Count], edge);
        }
    }
}
