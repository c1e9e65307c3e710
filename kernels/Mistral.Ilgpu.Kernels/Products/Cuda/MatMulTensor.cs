using System.Runtime.CompilerServices;
using ILGPU;
using Mistral.Ilgpu.Kernels.Contract;
using Mistral.Ilgpu.Kernels.Hardware.Cuda;
using Mistral.Ilgpu.Kernels.Hardware.Waves;
using Mistral.Ilgpu.Kernels.Products.Waves;

namespace Mistral.Ilgpu.Kernels.Products.Cuda;

/// <summary>
/// y[t, r] = Σ_c W[r, c] x[t, c] for many tokens, on tensor cores. Also y += and the gated first half of a feed-forward
/// layer, see <see cref="IEpilogue"/>. W: rows × columns (of a gate 2·rows), as <typeparamref name="TWeights"/> holds it. x:
/// tokens × inputStride in 16 bits, see <see cref="Inputs.RoundInput{TTensor}"/>. y: tokens × outputStride, in 16 bits with
/// <see cref="GateRounded{TTensor}"/>. Of the pass's rows it takes those of Tokens. A group of four warps makes a tile of 128
/// rows of weights (grid y) × 128 tokens (grid x). Each warp has a quarter of it in registers. It takes 32 columns at a time
/// from shared memory, see <see cref="TileMemory"/>. While one stage is multiplied two more are on their way. Of a gate a
/// tile has 64 rows and the 64 that they gate, so that a thread has both of a pair. Columns are summed in order whatever else
/// is in the tile.
/// </summary>
[GroupForm]
[CudaForm(80, GroupSize = TileMemory.GroupSize)]
public readonly record struct MatMulTensor<TTensor, TWeights, TEpilogue>(
    StepState State,
    TWeights Weights,
    ArrayView<ushort> Input,
    ArrayView<float> Output,
    int Rows,
    int InputStride,
    int OutputStride,
    RowRange Tokens) : IKernel
    where TTensor : struct, ITensorFormat
    where TWeights : struct, ITileWeights
    where TEpilogue : struct, IEpilogue
{
    /// <summary>Tokens of a tile.</summary>
    public const int TokensPerGroup = TileMemory.Rows;

    // A warp's quarter of the tile.
    private const int WarpRows = 64;

    public void Execute()
    {
        int firstToken = Tokens.First(State) + (Grid.IdxX * TokensPerGroup);
        int end = Tokens.End(State);
        if (firstToken >= end)
        {
            return;
        }

        var rows = new TileRows(Grid.IdxY * TileRows.PerTile(TEpilogue.IsGated), Rows, TEpilogue.IsGated);
        var sums = Multiply(rows, new TileTokens(TileMemory.AddressOf(Input), InputStride, end - 1), firstToken);
        int row = rows.FirstOutput(TensorLane.Warp & 1) + TensorLane.Row;
        int token = firstToken + ((TensorLane.Warp >> 1) * WarpRows) + TensorLane.Column;
        if (TEpilogue.IsGated)
        {
            Write(row, token, end, sums.Top, sums.Third);
            Write(row + 16, token, end, sums.Second, sums.Bottom);
        }
        else
        {
            Write(row, token, end, sums.Top, sums.Top);
            Write(row + 16, token, end, sums.Second, sums.Second);
            Write(row + 32, token, end, sums.Third, sums.Third);
            Write(row + 48, token, end, sums.Bottom, sums.Bottom);
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private TileSums Multiply(TileRows rows, TileTokens tokens, int firstToken)
    {
        uint memory = TileMemory.Allocate();
        int columns = Weights.Columns;
        int stages = (columns + TileMemory.Depth - 1) / TileMemory.Depth;
        long weights = Weights.Address;
        Put(Weights.Fetch(Group.IdxX, rows, 0, 0), memory, rows, weights, tokens, firstToken, 0);
        Put(
            Weights.Fetch(Group.IdxX, rows, TileMemory.Depth, 0), memory + TileMemory.StageBytes,
            rows, weights, tokens, firstToken, TileMemory.Depth);
        var fetched = Weights.Fetch(Group.IdxX, rows, 2 * TileMemory.Depth, 0);

        // Matrices of 8 × 8 numbers in the order in which a product takes them: of weights the lower rows first, of tokens the
        // later columns.
        int lane = TensorLane.Index;
        uint weightsAt = TileMemory.At(((TensorLane.Warp & 1) * WarpRows) + (lane & 15), lane >> 4);
        uint inputAt = TileMemory.TileBytes
            + TileMemory.At(((TensorLane.Warp >> 1) * WarpRows) + (lane & 7) + ((lane >> 4) << 3), (lane >> 3) & 1);
        var sums = default(TileSums);
        uint stage = memory;
        uint next = memory + (2 * TileMemory.StageBytes);
        uint memoryEnd = memory + (TileMemory.Stages * TileMemory.StageBytes);
        for (int i = 0; i < stages; i++)
        {
            TileMemory.WaitForAllButOne();
            Group.Barrier();

            // All have multiplied the stage before this one, so its place is free.
            int column = (i + 2) * TileMemory.Depth;
            Put(fetched, next, rows, weights, tokens, firstToken, column);
            fetched = Weights.Fetch(Group.IdxX, rows, column + TileMemory.Depth, 0);

            sums = sums.MultiplyAdd<TTensor>(stage + weightsAt, stage + inputAt);
            // The two pieces after those.
            sums = sums.MultiplyAdd<TTensor>(
                stage + (weightsAt ^ (2 * TileMemory.PieceBytes)), stage + (inputAt ^ (2 * TileMemory.PieceBytes)));
            stage = stage + TileMemory.StageBytes == memoryEnd ? memory : stage + TileMemory.StageBytes;
            next = next + TileMemory.StageBytes == memoryEnd ? memory : next + TileMemory.StageBytes;
        }

        return sums;
    }

    // A stage.
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private void Put(in TilePart part, uint stage, TileRows rows, long weights, TileTokens tokens, int firstToken, int column)
    {
        Weights.Put<RowsOf64Bytes>(part, Group.IdxX, stage, rows, column, 0, weights);
        tokens.Put<RowsOf64Bytes>(Group.IdxX, stage + TileMemory.TileBytes, firstToken, column);
        TileMemory.Commit();
    }

    // The current output of a strip is loaded before any of it is written. A load after a store waits for it, because both may be
    // of one place.
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private void Write(int row, int token, int end, StripSums sums, StripSums second)
    {
        var current = new StripSums
        {
            A = Current(row, token, end),
            B = Current(row, token + 8, end),
            C = Current(row, token + 16, end),
            D = Current(row, token + 24, end),
            E = Current(row, token + 32, end),
            F = Current(row, token + 40, end),
            G = Current(row, token + 48, end),
            H = Current(row, token + 56, end),
        };
        Write(row, token, end, current.A, sums.A, second.A);
        Write(row, token + 8, end, current.B, sums.B, second.B);
        Write(row, token + 16, end, current.C, sums.C, second.C);
        Write(row, token + 24, end, current.D, sums.D, second.D);
        Write(row, token + 32, end, current.E, sums.E, second.E);
        Write(row, token + 40, end, current.F, sums.F, second.F);
        Write(row, token + 48, end, current.G, sums.G, second.G);
        Write(row, token + 56, end, current.H, sums.H, second.H);
    }

    // In place of what does not exist the last is loaded.
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private Sums16x8 Current(int row, int token, int end)
    {
        int top = IntrinsicMath.Min(row, Rows - 1);
        int bottom = IntrinsicMath.Min(row + 8, Rows - 1);
        long first = (long)IntrinsicMath.Min(token, end - 1) * OutputStride;
        long second = (long)IntrinsicMath.Min(token + 1, end - 1) * OutputStride;
        return new Sums16x8
        {
            A = Output[first + top],
            B = Output[second + top],
            C = Output[first + bottom],
            D = Output[second + bottom]
        };
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private void Write(int row, int token, int end, Sums16x8 current, Sums16x8 sums, Sums16x8 second)
    {
        if (token < end)
        {
            Write(row, token, current.A, sums.A, second.A);
            Write(row + 8, token, current.C, sums.C, second.C);
        }

        if (token + 1 < end)
        {
            Write(row, token + 1, current.B, sums.B, second.B);
            Write(row + 8, token + 1, current.D, sums.D, second.D);
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private void Write(int row, int token, float current, float product, float second)
    {
        if (row < Rows)
        {
            TEpilogue.Write(
                Output, ((long)token * OutputStride) + row,
                TEpilogue.CombineOnCuda(current, product * Weights.Scale, second * Weights.Scale));
        }
    }
}
