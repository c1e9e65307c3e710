using System.Runtime.CompilerServices;
using ILGPU;
using Mistral.Ilgpu.Kernels.Contract;
using Mistral.Ilgpu.Kernels.Formats;

namespace Mistral.Ilgpu.Kernels.Products.Waves;

/// <summary>
/// y[t, r] = Σ_c W[r, c] x[t, c] for many tokens; shapes as in <see cref="MatVecWarp{TFormat,TElement,TEpilogue}"/>. Tile form
/// with fused multiply-adds: a group of 256 items makes a tile of 64 tokens (grid x) × 128 rows of weights (grid y). Of a gate
/// these are 64 rows and the 64 that they gate. Each item has 8 rows × 4 tokens. It takes 32 columns at a time from shared
/// memory, see <see cref="ElementTile{TFormat,TElement}"/>. While they are multiplied the next are on their way. Columns are
/// summed in order, each with one rounding, so a row's sum depends on nothing else in the tile. Nothing is exchanged among lanes.
/// </summary>
[GroupForm]
[WaveForm]
public readonly record struct MatMulFused<TFormat, TElement, TEpilogue>(
    StepState State,
    ArrayView<TElement> Weights,
    ArrayView<float> Input,
    ArrayView<float> Output,
    int Rows,
    int InputStride,
    int OutputStride,
    RowRange Tokens) : IKernel
    where TFormat : struct, IWeightFormat<TElement>
    where TElement : unmanaged
    where TEpilogue : struct, IEpilogue
{
    public void Execute()
    {
        int firstToken = Tokens.First(State) + (Grid.IdxX * BlockTile.Tokens);
        int end = Tokens.End(State);
        if (firstToken >= end)
        {
            return;
        }

        int firstRow = Grid.IdxY * BlockTile.RowsMade(TEpilogue.IsGated);
        var sums = Multiply(firstRow, firstToken, end - 1);
        int row = firstRow + ElementTile.ItemRow;
        int token = firstToken + ElementTile.ItemToken;
        if (TEpilogue.IsGated)
        {
            Write(row, token, end, sums.A, sums.E);
            Write(row + 1, token, end, sums.B, sums.F);
            Write(row + 2, token, end, sums.C, sums.G);
            Write(row + 3, token, end, sums.D, sums.H);
        }
        else
        {
            Write(row, token, end, sums.A, default);
            Write(row + 1, token, end, sums.B, default);
            Write(row + 2, token, end, sums.C, default);
            Write(row + 3, token, end, sums.D, default);
            Write(row + 64, token, end, sums.E, default);
            Write(row + 65, token, end, sums.F, default);
            Write(row + 66, token, end, sums.G, default);
            Write(row + 67, token, end, sums.H, default);
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private EightRows Multiply(int firstRow, int firstToken, int lastToken)
    {
        var weights = SharedMemory.Allocate<Floats4>(ElementTile.WeightFours);
        var values = SharedMemory.Allocate<Floats4>(ElementTile.ValueFours);
        var tile = new ElementTile<TFormat, TElement>(weights, values);
        var input = Input.Cast<Floats4>();
        long row = (long)BlockTile.Source(firstRow, Rows, TEpilogue.IsGated) * InputStride;
        long token = (long)IntrinsicMath.Min(firstToken + ElementTile.LoadedToken, lastToken) * InputStride;
        var sums = default(EightRows);
        var part = ElementTile<TFormat, TElement>.Fetch(Weights, row, input, token, 0, InputStride);
        for (int column = 0; column < InputStride; column += ElementTile.Columns)
        {
            // All have multiplied what was there.
            Group.Barrier();
            tile.Put(part, column, InputStride);
            Group.Barrier();
            part = ElementTile<TFormat, TElement>.Fetch(
                Weights, row, input, token, column + ElementTile.Columns, InputStride);
            for (int i = 0; i < ElementTile.Columns; i++)
            {
                sums = tile.MultiplyAdd(sums, i);
            }
        }

        return sums;
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private void Write(int row, int token, int end, Floats4 products, Floats4 seconds)
    {
        if (row < Rows)
        {
            Write(row, token, end, products.A, seconds.A);
            Write(row, token + 1, end, products.B, seconds.B);
            Write(row, token + 2, end, products.C, seconds.C);
            Write(row, token + 3, end, products.D, seconds.D);
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private void Write(int row, int token, int end, float product, float second)
    {
        if (token < end)
        {
            long to = ((long)token * OutputStride) + row;
            product = TFormat.Scaled(product, Weights, InputStride, row);
            second = TEpilogue.IsGated ? TFormat.Scaled(second, Weights, InputStride, (long)Rows + row) : 0;
            Output[to] = TEpilogue.Combine(Output[to], product, second);
        }
    }
}
