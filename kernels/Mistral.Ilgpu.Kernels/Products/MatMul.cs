using System.Runtime.CompilerServices;
using ILGPU;
using Mistral.Ilgpu.Kernels.Contract;
using Mistral.Ilgpu.Kernels.Formats;

namespace Mistral.Ilgpu.Kernels.Products;

/// <summary>
/// y[t, r] = Σ_c W[r, c] x[t, c] for many tokens; shapes as in <see cref="MatVecPacks{TFormat,TElement,TResult}"/>. Tile form: a
/// group of 256 items makes a tile of 64 rows × 64 tokens, each item 4 × 4 of it. It takes 16 columns at a time from shared
/// memory. Grid: x over row tiles, y over token tiles. Sums run over the columns in order, so a row's result does not depend on
/// which tokens share its tile.
/// </summary>
[GroupForm]
public readonly record struct MatMulTile<TFormat, TElement, TResult>(
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
    where TResult : struct, IResult
{
    /// <summary>Rows, and tokens, of one group's tile.</summary>
    public const int Tile = 64;

    /// <summary>The group size this form needs: one item per 4 × 4 elements of the tile.</summary>
    public const int GroupSize = 256;

    private const int Depth = Padding.Columns;

    // One float of padding keeps items that write a column off each other's banks.
    private const int Pitch = Tile + 1;

    public void Execute()
    {
        var weightTile = SharedMemory.Allocate<float>(Depth * Pitch);
        var inputTile = SharedMemory.Allocate<float>(Depth * Pitch);
        int tokens = Tokens.End(State);
        int firstRow = Grid.IdxX * Tile;
        int firstToken = Tokens.First(State) + (Grid.IdxY * Tile);
        int item = Group.IdxX;

        // While loading, item i brings four columns of tile row i / 4.
        int loadRow = item / 4;
        int loadColumn = (item & 3) * 4;
        bool rowExists = firstRow + loadRow < Rows;
        bool tokenExists = firstToken + loadRow < tokens;
        long weightFrom = ((long)(firstRow + loadRow) * InputStride) + loadColumn;
        long inputFrom = ((long)(firstToken + loadRow) * InputStride) + loadColumn;

        // While multiplying, item i makes rows r, r+16, r+32, r+48 with r = i % 16, and tokens likewise with i / 16.
        int r = item & 15;
        int t = item / 16;
        float y00 = 0, y01 = 0, y02 = 0, y03 = 0;
        float y10 = 0, y11 = 0, y12 = 0, y13 = 0;
        float y20 = 0, y21 = 0, y22 = 0, y23 = 0;
        float y30 = 0, y31 = 0, y32 = 0, y33 = 0;
        for (int column = 0; column < InputStride; column += Depth)
        {
            for (int i = 0; i < 4; i++)
            {
                int at = ((loadColumn + i) * Pitch) + loadRow;
                weightTile[at] = rowExists ? TFormat.Decode(Weights[weightFrom + column + i]) : 0;
                inputTile[at] = tokenExists ? Input[inputFrom + column + i] : 0;
            }

            Group.Barrier();
            for (int depth = 0; depth < Depth; depth++)
            {
                int w = (depth * Pitch) + r;
                int x = (depth * Pitch) + t;
                float w0 = weightTile[w], w1 = weightTile[w + 16], w2 = weightTile[w + 32], w3 = weightTile[w + 48];
                float x0 = inputTile[x], x1 = inputTile[x + 16], x2 = inputTile[x + 32], x3 = inputTile[x + 48];
                y00 += x0 * w0; y01 += x0 * w1; y02 += x0 * w2; y03 += x0 * w3;
                y10 += x1 * w0; y11 += x1 * w1; y12 += x1 * w2; y13 += x1 * w3;
                y20 += x2 * w0; y21 += x2 * w1; y22 += x2 * w2; y23 += x2 * w3;
                y30 += x3 * w0; y31 += x3 * w1; y32 += x3 * w2; y33 += x3 * w3;
            }

            Group.Barrier();
        }

        int row = firstRow + r;
        int token = firstToken + t;
        WriteRow(tokens, token, row, y00, y01, y02, y03);
        WriteRow(tokens, token + 16, row, y10, y11, y12, y13);
        WriteRow(tokens, token + 32, row, y20, y21, y22, y23);
        WriteRow(tokens, token + 48, row, y30, y31, y32, y33);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private void WriteRow(int tokens, int token, int row, float y0, float y1, float y2, float y3)
    {
        if (token < tokens)
        {
            Write(token, row, y0);
            Write(token, row + 16, y1);
            Write(token, row + 32, y2);
            Write(token, row + 48, y3);
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private void Write(int token, int row, float product)
    {
        if (row < Rows)
        {
            long at = ((long)token * OutputStride) + row;
            Output[at] = TResult.Combine(Output[at], TFormat.Scaled(product, Weights, InputStride, row));
        }
    }
}
