using System.Runtime.CompilerServices;
using ILGPU;

namespace Mistral.Ilgpu.Kernels;

/// <summary>
/// What <see cref="MatMulTensor{TTensor, TWeights, TEpilogue}"/> computes, as the tensor cores of sm_90 like it best, which by single warps' products reach some
/// 63 % of their rate (Luo et al., arXiv 2402.13499): y[t, r] = Σ_c W[r, c] x[t, c] by <c>wgmma</c>, which reads both factors from shared memory and goes on by
/// itself. Shapes are those of that form.
/// A group of two warpgroups makes a tile of 128 rows of weights (grid y) × 256 tokens (grid x), each warpgroup 64 of the rows, from 64 columns at a time, of
/// which each warpgroup brings 32 to shared memory, see <see cref="WarpgroupMemory"/>: while a stage is multiplied two more are on their way, and the next
/// is begun before it ends. Then the sums go through shared memory, so that a warp writes neighbouring rows of one token.
/// </summary>
[GroupForm]
[CudaForm(90, IsAlone = true, GroupSize = GroupSize, GroupsAtOnce = 1, DynamicSharedBytes = WarpgroupMemory.Bytes)]
public readonly record struct MatMulWarpgroup<TTensor, TWeights, TEpilogue>(
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
    public const int GroupSize = 2 * WarpgroupSums.GroupSize;

    /// <summary>Tokens of a tile.</summary>
    public const int TokensPerGroup = WarpgroupSums.Tokens;

    private const int Depth = 2 * TileMemory.Depth;

    private const int Warps = GroupSize / TensorLane.WarpSize;

    public void Execute()
    {
        int firstToken = Tokens.First(State) + (Grid.IdxX * TokensPerGroup);
        int end = Tokens.End(State);
        if (firstToken >= end)
        {
            return;
        }

        var rows = new TileRows(Grid.IdxY * TileRows.PerTile(TEpilogue.IsGated), Rows, TEpilogue.IsGated);
        uint memory = WarpgroupMemory.Find();
        Multiply(memory, rows, new TileTokens(TileMemory.AddressOf(Input), InputStride, end - 1), firstToken);

        // Stages past the last column came too.
        TensorShared.WaitForCopies();
        Group.Barrier();
        WarpgroupSums.Store(memory);
        Group.Barrier();
        uint sums = memory + (uint)(TensorLane.Index * sizeof(float));
        int count = IntrinsicMath.Min(end - firstToken, TokensPerGroup);
        for (int token = TensorLane.Warp; token < count; token += 4 * Warps)
        {
            // What is there of four tokens is loaded before any of it is written: a load after a store waits for it, as both may be of one place.
            var (a, b) = (Current(rows.First, firstToken, token, count), Current(rows.First, firstToken, token + Warps, count));
            var (c, d) = (Current(rows.First, firstToken, token + (2 * Warps), count), Current(rows.First, firstToken, token + (3 * Warps), count));
            Write(rows.First, firstToken, token, count, sums, a);
            Write(rows.First, firstToken, token + Warps, count, sums, b);
            Write(rows.First, firstToken, token + (2 * Warps), count, sums, c);
            Write(rows.First, firstToken, token + (3 * Warps), count, sums, d);
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private void Multiply(uint memory, TileRows rows, TileTokens tokens, int firstToken)
    {
        int warpgroup = Group.IdxX / WarpgroupSums.GroupSize;
        int thread = Group.IdxX & (WarpgroupSums.GroupSize - 1);
        int stages = (Weights.Columns + Depth - 1) / Depth;
        long weights = Weights.Address;

        // The warpgroup's half of a stage.
        int column = warpgroup * TileMemory.Depth;
        uint half = memory + (uint)(warpgroup * WarpgroupMemory.HalfBytes);
        Put(Weights.Fetch(thread, rows, column), thread, half, rows, weights, tokens, firstToken, column);
        Put(Weights.Fetch(thread, rows, column + Depth), thread, half + WarpgroupMemory.StageBytes, rows, weights, tokens, firstToken, column + Depth);
        column += 2 * Depth;
        var fetched = Weights.Fetch(thread, rows, column);

        WarpgroupSums.Declare();
        uint weightsAt = (uint)(warpgroup * WarpgroupSums.Rows * TileMemory.RowBytes);
        uint stage = 0;
        uint next = 2 * WarpgroupMemory.StageBytes;
        for (int i = 0; i < stages; i++)
        {
            TileMemory.WaitForAllButOne();
            WarpgroupSums.WaitForAllButOne();
            WarpgroupSums.Offer();
            Group.Barrier();

            // This stage is there for all, and all have multiplied the one before the last, whose place is free.
            WarpgroupSums.Begin();
            MultiplyHalf(memory + stage, weightsAt);
            MultiplyHalf(memory + stage + WarpgroupMemory.HalfBytes, weightsAt);
            WarpgroupSums.Commit();
            Put(fetched, thread, half + next, rows, weights, tokens, firstToken, column);
            column += Depth;
            fetched = Weights.Fetch(thread, rows, column);
            stage = stage == (WarpgroupMemory.Stages - 1) * WarpgroupMemory.StageBytes ? 0 : stage + WarpgroupMemory.StageBytes;
            next = next == (WarpgroupMemory.Stages - 1) * WarpgroupMemory.StageBytes ? 0 : next + WarpgroupMemory.StageBytes;
        }

        WarpgroupSums.Wait();
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void MultiplyHalf(uint half, uint weightsAt)
    {
        const uint SixteenColumns = 16 * sizeof(ushort) / TileMemory.PieceBytes;
        uint weights = (half + weightsAt) / TileMemory.PieceBytes;
        uint tokens = (half + TileMemory.TileBytes) / TileMemory.PieceBytes;
        TTensor.MultiplyAddTile(weights, tokens);
        TTensor.MultiplyAddTile(weights + SixteenColumns, tokens + SixteenColumns);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private void Put(in TilePart part, int thread, uint half, TileRows rows, long weights, TileTokens tokens, int firstToken, int column)
    {
        Weights.Put(part, thread, half, rows, column, weights);
        tokens.Put(thread, half + TileMemory.TileBytes, firstToken, column);
        tokens.Put(thread, half + (2 * TileMemory.TileBytes), firstToken + TileMemory.Rows, column);
        TileMemory.Commit();
    }

    // Of rows lane, lane + 32 and so on of the tile. In place of what does not exist the last is loaded.
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private Float4 Current(int firstRow, int firstToken, int token, int count)
    {
        long at = (long)(firstToken + IntrinsicMath.Min(token, count - 1)) * OutputStride;
        int row = firstRow + TensorLane.Index;
        return new Float4
        {
            A = Output[at + IntrinsicMath.Min(row, Rows - 1)],
            B = Output[at + IntrinsicMath.Min(row + 32, Rows - 1)],
            C = Output[at + IntrinsicMath.Min(row + 64, Rows - 1)],
            D = Output[at + IntrinsicMath.Min(row + 96, Rows - 1)],
        };
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private void Write(int firstRow, int firstToken, int token, int count, uint sums, Float4 current)
    {
        if (token >= count)
        {
            return;
        }

        uint from = sums + (uint)(token * WarpgroupSums.PitchBytes);
        float a = TensorShared.Load(from), b = TensorShared.Load(from + 128), c = TensorShared.Load(from + 256), d = TensorShared.Load(from + 384);
        int row = firstRow + TensorLane.Index;
        if (TEpilogue.IsGated)
        {
            Write(row, firstToken + token, current.A, a, b);
            Write(row + 32, firstToken + token, current.B, c, d);
        }
        else
        {
            Write(row, firstToken + token, current.A, a, a);
            Write(row + 32, firstToken + token, current.B, b, b);
            Write(row + 64, firstToken + token, current.C, c, c);
            Write(row + 96, firstToken + token, current.D, d, d);
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private void Write(int row, int token, float current, float product, float second)
    {
        if (row < Rows)
        {
            Output[((long)token * OutputStride) + row] = TEpilogue.Combine(current, product * Weights.Scale, second * Weights.Scale);
        }
    }
}
