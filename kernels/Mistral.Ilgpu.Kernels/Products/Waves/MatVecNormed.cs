using System.Runtime.CompilerServices;
using ILGPU;
using Mistral.Ilgpu.Kernels.Contract;
using Mistral.Ilgpu.Kernels.Formats;
using Mistral.Ilgpu.Kernels.Hardware.Waves;
using Mistral.Ilgpu.Kernels.Inputs;

namespace Mistral.Ilgpu.Kernels.Products.Waves;

/// <summary>
/// <see cref="MatVecWarp{TFormat,TElement,TEpilogue}"/> for one token (the first of Tokens): y[r] = Σ_c W[r, c] RMSNorm(x)[c], or
/// the gated pair of it. Every group norms the token into shared memory. A group takes 32 rows, a wave every eighth of them.
/// Shapes: W is rows × stride (of a gate 2·rows), x is tokens × inputStride. The bits are those of the separate kernels.
/// </summary>
/// <param name="Stride">Columns of a row of weights with its padding.</param>
[GroupForm]
[WaveForm]
public readonly record struct MatVecNormed<TFormat, TElement, TEpilogue>(
    StepState State,
    ArrayView<TElement> Weights,
    ArrayView<Floats4> Input,
    RmsNormed Norm,
    ArrayView<float> Output,
    int Rows,
    int Stride,
    int InputStride,
    int OutputStride,
    RowRange Tokens) : IKernel
    where TFormat : struct, IWeightFormat<TElement>
    where TElement : unmanaged
    where TEpilogue : struct, IEpilogue
{
    /// <summary>Columns that there is room for: groups of eight waves then fill more than half of an RDNA3 processor.</summary>
    public const int MostColumns = 6144;

    /// <summary>Rows that a group makes.</summary>
    public const int RowsPerGroup = 32;

    public void Execute()
    {
        var x = SharedMemory.Allocate<Floats4>(MostColumns / RmsNormed.PerItem);
        int token = Tokens.First(State);
        long from = (long)Tokens.Token(State, token) * (InputStride / RmsNormed.PerItem);
        float scale = Norm.ScaleOf(Input, from);
        int fours = Norm.Columns / RmsNormed.PerItem;
        for (int four = Group.IdxX; four < Stride / RmsNormed.PerItem; four += Group.DimX)
        {
            // Padding is zeros.
            x[four] = four < fours ? Norm.Apply(Input[from + four], scale, four) : default;
        }

        Group.Barrier();
        for (int within = Wave.Number; within < RowsPerGroup; within += WarpRows.WarpsPerGroup)
        {
            // Past the end the last row is summed once more, because exchanges need every lane.
            int row = (Grid.IdxX * RowsPerGroup) + within;
            int source = IntrinsicMath.Min(row, Rows - 1);
            float product = Dot(source, x);
            float second = TEpilogue.IsGated ? Dot(Rows + source, x) : 0;
            if (Wave.Index == 0 && row < Rows)
            {
                long to = ((long)token * OutputStride) + row;
                product = TFormat.Scaled(product, Weights, Stride, row);
                second = TFormat.Scaled(second, Weights, Stride, (long)Rows + row);
                Output[to] = TEpilogue.Combine(0, product, second);
            }
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private float Dot(int row, ArrayView<Floats4> x)
    {
        int packs = Stride / TFormat.PerPack;
        return ElementRows<TFormat, TElement>.Dot(Weights.Cast<Pack>(), (long)row * packs, packs, x);
    }
}
