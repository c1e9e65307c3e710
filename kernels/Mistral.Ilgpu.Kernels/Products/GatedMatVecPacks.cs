using System.Runtime.CompilerServices;
using ILGPU;
using Mistral.Ilgpu.Kernels.Contract;
using Mistral.Ilgpu.Kernels.Formats;
using Mistral.Ilgpu.Kernels.Rows;

namespace Mistral.Ilgpu.Kernels.Products;

/// <summary>
/// The first half of the feed-forward layer in one launch: y[t, r] = silu(G[r] · x[t]) × (U[r] · x[t]) (Shazeer, arXiv
/// 2002.05202, eq. 5). W stacks G over U: 2·rows × inputStride; x: tokens × inputStride; y: tokens × outputStride.
/// Pack form, as <see cref="MatVecPacks{TFormat,TElement,TResult}"/>: a work item takes two rows of G and their rows of U.
/// </summary>
public readonly record struct GatedMatVecPacks<TFormat, TElement>(
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
{
    public void Execute() => Execute(WorkShare.Current);

    public void Execute(WorkShare share)
    {
        var weights = Weights.Cast<Pack>();
        int packs = InputStride / TFormat.PerPack;
        int first = Tokens.First(State);
        int end = Tokens.End(State);
        for (long pair = share.First; pair < (Rows + 1) / 2; pair += share.Count)
        {
            int row = (int)pair * 2;
            // Past the end the last row is made twice, so that the inner loop has no branch.
            int next = IntrinsicMath.Min(row + 1, Rows - 1);
            var gate0 = weights.SubView((long)row * packs, packs);
            var gate1 = weights.SubView((long)next * packs, packs);
            var up0 = weights.SubView((long)(Rows + row) * packs, packs);
            var up1 = weights.SubView((long)(Rows + next) * packs, packs);
            for (int token = first; token < end; token++)
            {
                var x = Input.SubView((long)token * InputStride, InputStride).Cast<Floats4>();
                float g0 = 0, g1 = 0, u0 = 0, u1 = 0;
                for (int pack = 0; pack < packs; pack++)
                {
                    g0 += TFormat.Dot(gate0[pack], x, pack);
                    g1 += TFormat.Dot(gate1[pack], x, pack);
                    u0 += TFormat.Dot(up0[pack], x, pack);
                    u1 += TFormat.Dot(up1[pack], x, pack);
                }

                long to = (long)token * OutputStride;
                Output[to + row] = Gated(row, g0, u0);
                Output[to + next] = Gated(next, g1, u1);
            }
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private float Gated(int row, float gate, float up) => Gate.Silu(TFormat.Scaled(gate, Weights, InputStride, row))
        * TFormat.Scaled(up, Weights, InputStride, (long)Rows + row);
}
