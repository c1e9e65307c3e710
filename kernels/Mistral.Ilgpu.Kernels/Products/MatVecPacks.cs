using System.Runtime.CompilerServices;
using ILGPU;
using Mistral.Ilgpu.Kernels.Contract;
using Mistral.Ilgpu.Kernels.Formats;

namespace Mistral.Ilgpu.Kernels.Products;

/// <summary>
/// y[t, r] = Σ_c W[r, c] x[t, c], few rows of x at a time; also y += with <see cref="AddToResidual"/>.
/// W: rows × inputStride, x: tokens × inputStride, both zero-padded to <see cref="Padding.Columns"/>;
/// y: tokens × outputStride; of the pass's rows those of Tokens.
/// Pack form, for processors that pay for each indexed access: a work item takes four rows and reads 16 bytes at a time.
/// The weights of its rows stay in the cache while it goes through the tokens. No barriers.
/// </summary>
public readonly record struct MatVecPacks<TFormat, TElement, TResult>(
    StepState State,
    ArrayView<TElement> Weights,
    ArrayView<float> Input,
    ArrayView<float> Output,
    int Rows,
    int InputStride,
    int OutputStride,
    RowRange Tokens) : ISharedKernel
    where TFormat : struct, IWeightFormat<TElement>
    where TElement : unmanaged
    where TResult : struct, IResult
{
    /// <summary>Rows in one work item.</summary>
    public const int RowsPerItem = 4;

    public void Execute() => Execute(WorkShare.Current);

    public void Execute(WorkShare share)
    {
        var weights = Weights.Cast<Pack>();
        int packs = InputStride / TFormat.PerPack;
        int blocks = (Rows + RowsPerItem - 1) / RowsPerItem;
        int first = Tokens.First(State);
        int end = Tokens.End(State);
        for (long block = share.First; block < blocks; block += share.Count)
        {
            int row = (int)block * RowsPerItem;
            // Rows past the end repeat the last one, so that the inner loop has no branch.
            var w0 = weights.SubView((long)row * packs, packs);
            var w1 = weights.SubView((long)IntrinsicMath.Min(row + 1, Rows - 1) * packs, packs);
            var w2 = weights.SubView((long)IntrinsicMath.Min(row + 2, Rows - 1) * packs, packs);
            var w3 = weights.SubView((long)IntrinsicMath.Min(row + 3, Rows - 1) * packs, packs);
            for (int token = first; token < end; token++)
            {
                var x = Input.SubView((long)token * InputStride, InputStride).Cast<Floats4>();
                float y0 = 0, y1 = 0, y2 = 0, y3 = 0;
                for (int pack = 0; pack < packs; pack++)
                {
                    y0 += TFormat.Dot(w0[pack], x, pack);
                    y1 += TFormat.Dot(w1[pack], x, pack);
                    y2 += TFormat.Dot(w2[pack], x, pack);
                    y3 += TFormat.Dot(w3[pack], x, pack);
                }

                long to = ((long)token * OutputStride) + row;
                Write(to, row, y0);
                Write(to + 1, row + 1, y1);
                Write(to + 2, row + 2, y2);
                Write(to + 3, row + 3, y3);
            }
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private void Write(long index, int row, float product)
    {
        if (row < Rows)
        {
            Output[index] = TResult.Combine(Output[index], TFormat.Scaled(product, Weights, InputStride, row));
        }
    }
}
