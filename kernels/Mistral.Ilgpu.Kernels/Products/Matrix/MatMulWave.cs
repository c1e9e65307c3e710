using System.Runtime.CompilerServices;
using ILGPU;
using Mistral.Ilgpu.Kernels.Contract;
using Mistral.Ilgpu.Kernels.Hardware.Waves;
using Mistral.Ilgpu.Kernels.Products.Cuda;

namespace Mistral.Ilgpu.Kernels.Products.Matrix;

/// <summary>
/// y[t, r] = Σ_c W[r, c] x[t, c] for many tokens. <typeparamref name="TCore"/> says by which instructions of matrix cores or
/// lanes, and for which devices. Also y += and the gated first half of a feed-forward layer, see <see cref="IEpilogue"/>. W: rows
/// × columns (of a gate 2·rows), as <typeparamref name="TWeights"/> holds it. x: tokens × inputStride in 16 bits. y: tokens ×
/// outputStride. Of the pass's rows it takes those of Tokens. A group of 256 items makes a tile of 128 rows of weights (grid y) ×
/// 128 tokens (grid x). Each wave has 64 rows × as many tokens as it has lanes in registers. It takes 32 columns at a time from
/// shared memory, see <see cref="MatrixTile"/>. While one stage is multiplied the next is in registers or on its way: half of the
/// items bring weights and half tokens. Of a gate a tile has 64 rows and the 64 that they gate, so that a lane has both of a
/// pair. Columns are summed in order whatever else is in the tile.
/// </summary>
[GroupForm]
public readonly record struct MatMulWave<TCore, TWeights, TEpilogue>(
    StepState State,
    TWeights Weights,
    ArrayView<ushort> Input,
    ArrayView<float> Output,
    int Rows,
    int InputStride,
    int OutputStride,
    RowRange Tokens) : IKernel
    where TCore : struct, IMatrixCore
    where TWeights : struct, IWaveTiles
    where TEpilogue : struct, IEpilogue
{
    /// <summary>Tokens of a tile.</summary>
    public const int TokensPerGroup = MatrixTile.Rows;

    /// <summary>The group size that this form needs.</summary>
    public const int GroupSize = MatrixTile.GroupSize;

    // Of a wave's part.
    private const int PartRows = 64;

    // The wave's part of the tile.
    private static int FirstRow
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        get => ((Group.IdxX / TCore.Lanes) & 1) * PartRows;
    }

    private static int FirstToken
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        get => ((Group.IdxX / TCore.Lanes) >> 1) * TCore.Lanes;
    }

    public void Execute()
    {
        MatrixTile.KeepWaves();
        var memory = SharedMemory.Allocate<Pack>(MatrixTile.Stages * MatrixTile.StagePieces);
        int firstToken = Tokens.First(State) + (Grid.IdxX * TokensPerGroup);
        int end = Tokens.End(State);
        if (firstToken >= end)
        {
            return;
        }

        var rows = new TileRows(Grid.IdxY * TileRows.PerTile(TEpilogue.IsGated), Rows, TEpilogue.IsGated);
        var sums = Multiply(memory, rows, new TokenWaveTiles(Input, InputStride, firstToken, end - 1));
        int row = rows.FirstOutput((Group.IdxX / TCore.Lanes) & 1);
        int token = firstToken + FirstToken;
        if (TEpilogue.IsGated)
        {
            Write(0, row, token, end, sums.A, sums.E);
            Write(1, row, token, end, sums.B, sums.F);
            Write(2, row, token, end, sums.C, sums.G);
            Write(3, row, token, end, sums.D, sums.H);
        }
        else
        {
            Write(0, row, token, end, sums.A, sums.A);
            Write(1, row, token, end, sums.B, sums.B);
            Write(2, row, token, end, sums.C, sums.C);
            Write(3, row, token, end, sums.D, sums.D);
            Write(4, row, token, end, sums.E, sums.E);
            Write(5, row, token, end, sums.F, sums.F);
            Write(6, row, token, end, sums.G, sums.G);
            Write(7, row, token, end, sums.H, sums.H);
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private WaveSums Multiply(ArrayView<Pack> memory, TileRows rows, TokenWaveTiles tokens)
    {
        var parts = default(StageParts);
        Fetch(ref parts, rows, tokens, 0, 0);
        Put(parts, tokens, memory, 0, 0);
        Fetch(ref parts, rows, tokens, MatrixTile.Depth, 1);
        var sums = default(WaveSums);
        if (TCore.TakesTwoStages)
        {
            // Past the last stage tokens are zeros.
            for (int column = 0; column < Weights.Columns; column += 2 * MatrixTile.Depth)
            {
                sums = Step(sums, ref parts, memory, rows, tokens, column, 0);
                sums = Step(sums, ref parts, memory, rows, tokens, column + MatrixTile.Depth, 1);
            }
        }
        else
        {
            int odd = 0;
            for (int column = 0; column < Weights.Columns; column += MatrixTile.Depth)
            {
                sums = Step(sums, ref parts, memory, rows, tokens, column, odd);
                odd = 1 - odd;
            }
        }

        return sums;
    }

    /// <summary>Multiplies a stage, writes the next, and begins to read the one after that.</summary>
    /// <param name="odd">0 or 1: its place, and who brought it.</param>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private WaveSums Step(
        WaveSums sums, ref StageParts parts, ArrayView<Pack> memory, TileRows rows, TokenWaveTiles tokens, int column, int odd)
    {
        Group.Barrier();

        // All have multiplied the stage before this one, so its place is free.
        Put(parts, tokens, memory, column + MatrixTile.Depth, 1 - odd);
        Fetch(ref parts, rows, tokens, column + (2 * MatrixTile.Depth), odd);
        MatrixTile.Begun();
        int stage = odd * MatrixTile.StagePieces;
        sums = TCore.MultiplyAdd(sums, memory, stage, FirstRow, FirstToken, 0);
        return TCore.MultiplyAdd(sums, memory, stage, FirstRow, FirstToken, 2);
    }

    // Half of the items bring weights and half tokens. They change at each stage where weights take longer.
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static bool BringsWeights(int odd) =>
        MatrixTile.Half() == (TWeights.AreConverted ? odd : 0);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private void Fetch(ref StageParts parts, TileRows rows, TokenWaveTiles tokens, int column, int odd)
    {
        int item = Group.IdxX & (MatrixTile.Rows - 1);
        if (BringsWeights(odd))
        {
            parts.Weights = Weights.Fetch(item, rows, column);
        }
        else
        {
            parts.Tokens = tokens.Fetch(item, column);
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private void Put(in StageParts parts, TokenWaveTiles tokens, ArrayView<Pack> memory, int column, int odd)
    {
        int item = Group.IdxX & (MatrixTile.Rows - 1);
        if (BringsWeights(odd))
        {
            Weights.Put(parts.Weights, item, memory, odd * MatrixTile.StagePieces, column);
        }
        else
        {
            tokens.Put(parts.Tokens, item, memory, odd * MatrixTile.StagePieces, column);
        }
    }

    // The current output of eight sums is loaded before any of it is written. A load after a store waits for it, because both may
    // be of one place.
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private void Write(int eight, int firstRow, int firstToken, int end, EightSums sums, EightSums second)
    {
        int lane = Group.IdxX & (TCore.Lanes - 1);
        int row = firstRow + TCore.Row(lane, eight);
        if (row >= Rows)
        {
            return;
        }

        var current = new EightSums
        {
            A = Current(row, firstToken + TCore.Token(lane, eight, 0), end),
            B = Current(row, firstToken + TCore.Token(lane, eight, 1), end),
            C = Current(row, firstToken + TCore.Token(lane, eight, 2), end),
            D = Current(row, firstToken + TCore.Token(lane, eight, 3), end),
            E = Current(row, firstToken + TCore.Token(lane, eight, 4), end),
            F = Current(row, firstToken + TCore.Token(lane, eight, 5), end),
            G = Current(row, firstToken + TCore.Token(lane, eight, 6), end),
            H = Current(row, firstToken + TCore.Token(lane, eight, 7), end),
        };
        Write(row, firstToken + TCore.Token(lane, eight, 0), end, current.A, sums.A, second.A);
        Write(row, firstToken + TCore.Token(lane, eight, 1), end, current.B, sums.B, second.B);
        Write(row, firstToken + TCore.Token(lane, eight, 2), end, current.C, sums.C, second.C);
        Write(row, firstToken + TCore.Token(lane, eight, 3), end, current.D, sums.D, second.D);
        Write(row, firstToken + TCore.Token(lane, eight, 4), end, current.E, sums.E, second.E);
        Write(row, firstToken + TCore.Token(lane, eight, 5), end, current.F, sums.F, second.F);
        Write(row, firstToken + TCore.Token(lane, eight, 6), end, current.G, sums.G, second.G);
        Write(row, firstToken + TCore.Token(lane, eight, 7), end, current.H, sums.H, second.H);
    }

    // In place of what does not exist the last is loaded.
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private float Current(int row, int token, int end) =>
        Output[((long)IntrinsicMath.Min(token, end - 1) * OutputStride) + row];

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private void Write(int row, int token, int end, float current, float product, float second)
    {
        if (token < end)
        {
            Output[((long)token * OutputStride) + row] =
                TEpilogue.Combine(current, product * Weights.Scale, second * Weights.Scale);
        }
    }
}
