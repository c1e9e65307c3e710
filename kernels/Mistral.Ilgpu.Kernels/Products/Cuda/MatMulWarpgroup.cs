using System.Runtime.CompilerServices;
using ILGPU;
using Mistral.Ilgpu.Kernels.Contract;
using Mistral.Ilgpu.Kernels.Hardware.Cuda;
using Mistral.Ilgpu.Kernels.Hardware.Waves;
using Mistral.Ilgpu.Kernels.Products.Waves;

namespace Mistral.Ilgpu.Kernels.Products.Cuda;

/// <summary>
/// <see cref="MatMulTensor{TTensor, TWeights, TEpilogue}"/> for sm_90: y[t, r] = Σ_c W[r, c] x[t, c] by <c>wgmma</c>, which reads
/// both factors from shared memory and runs asynchronously. By single warps' products those tensor cores reach less than two
/// thirds of their rate (see the report on expected times). Shapes are those of that form. A group of two warpgroups makes a tile
/// of 128 rows of weights (grid y) × 256 tokens (grid x), each warpgroup 64 of the rows. It takes 64 columns at a time, and each
/// warpgroup brings half of the tiles to shared memory, see <see cref="WarpgroupMemory"/>. While a stage is multiplied two more
/// are on their way, and the next is begun before it ends. Then the sums go through shared memory, so that a warp writes
/// neighbouring rows of one token.
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
        for (int token = TensorLane.Warp; token < count; token += 8 * Warps)
        {
            // The current output of eight tokens is loaded before any of it is written. A load after a store waits for it,
            // because both may be of one place.
            var (a, b) = (Current(rows.First, firstToken, token, count), Current(rows.First, firstToken, token + Warps, count));
            var (c, d) = (
                Current(rows.First, firstToken, token + (2 * Warps), count),
                Current(rows.First, firstToken, token + (3 * Warps), count));
            var (e, f) = (
                Current(rows.First, firstToken, token + (4 * Warps), count),
                Current(rows.First, firstToken, token + (5 * Warps), count));
            var (g, h) = (
                Current(rows.First, firstToken, token + (6 * Warps), count),
                Current(rows.First, firstToken, token + (7 * Warps), count));
            (a, b) = (Combine(a, sums, token), Combine(b, sums, token + Warps));
            (c, d) = (Combine(c, sums, token + (2 * Warps)), Combine(d, sums, token + (3 * Warps)));
            (e, f) = (Combine(e, sums, token + (4 * Warps)), Combine(f, sums, token + (5 * Warps)));
            (g, h) = (Combine(g, sums, token + (6 * Warps)), Combine(h, sums, token + (7 * Warps)));
            Write(rows.First, firstToken, token, count, a);
            Write(rows.First, firstToken, token + Warps, count, b);
            Write(rows.First, firstToken, token + (2 * Warps), count, c);
            Write(rows.First, firstToken, token + (3 * Warps), count, d);
            Write(rows.First, firstToken, token + (4 * Warps), count, e);
            Write(rows.First, firstToken, token + (5 * Warps), count, f);
            Write(rows.First, firstToken, token + (6 * Warps), count, g);
            Write(rows.First, firstToken, token + (7 * Warps), count, h);
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private void Multiply(uint memory, TileRows rows, TileTokens tokens, int firstToken)
    {
        int warpgroup = Group.IdxX / WarpgroupSums.GroupSize;
        int thread = Group.IdxX & (WarpgroupSums.GroupSize - 1);
        int stages = (Weights.Columns + WarpgroupMemory.Depth - 1) / WarpgroupMemory.Depth;
        long weights = Weights.Address;
        Put(Weights.Fetch(thread, rows, 0, warpgroup), thread, memory, rows, weights, tokens, firstToken, 0, warpgroup);
        Put(
            Weights.Fetch(thread, rows, WarpgroupMemory.Depth, warpgroup), thread, memory + WarpgroupMemory.StageBytes,
            rows, weights, tokens, firstToken, WarpgroupMemory.Depth, warpgroup);
        int column = 2 * WarpgroupMemory.Depth;
        var fetched = Weights.Fetch(thread, rows, column, warpgroup);

        WarpgroupSums.Declare();
        uint weightsAt = (uint)(warpgroup * WarpgroupSums.Rows * WarpgroupMemory.RowBytes);
        uint stage = 0;
        uint next = 2 * WarpgroupMemory.StageBytes;
        for (int i = 0; i < stages; i++)
        {
            TileMemory.WaitForAllButOne();
            WarpgroupSums.WaitForAllButOne();
            WarpgroupSums.Offer();
            Group.Barrier();

            // This stage is there for all, and all have multiplied the one before the last, whose place is free. Copies begin
            // first, to have the time of two stages; what has to be unpacked is beside the products.
            Put(tokens, thread, memory + next, firstToken, column, warpgroup);
            if (TWeights.AreCopied)
            {
                Weights.Put<RowsOf128Bytes>(fetched, thread, memory + next, rows, column, warpgroup, weights);
            }

            WarpgroupSums.Begin();
            MultiplyStage(memory + stage, weightsAt);
            WarpgroupSums.Commit();
            if (!TWeights.AreCopied)
            {
                Weights.Put<RowsOf128Bytes>(fetched, thread, memory + next, rows, column, warpgroup, weights);
            }

            TileMemory.Commit();
            column += WarpgroupMemory.Depth;
            fetched = Weights.Fetch(thread, rows, column, warpgroup);
            stage = WarpgroupMemory.After(stage);
            next = WarpgroupMemory.After(next);
        }

        WarpgroupSums.Wait();
    }

    // In the order of columns.
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void MultiplyStage(uint stage, uint weightsAt)
    {
        const uint SixteenColumns = 16 * sizeof(ushort) / TileMemory.PieceBytes;
        uint weights = (stage + weightsAt) / TileMemory.PieceBytes;
        uint tokens = (stage + WarpgroupMemory.TokensAt) / TileMemory.PieceBytes;
        TTensor.MultiplyAddTile(weights, tokens);
        TTensor.MultiplyAddTile(weights + SixteenColumns, tokens + SixteenColumns);
        TTensor.MultiplyAddTile(weights + (2 * SixteenColumns), tokens + (2 * SixteenColumns));
        TTensor.MultiplyAddTile(weights + (3 * SixteenColumns), tokens + (3 * SixteenColumns));
    }

    // The warpgroup's half of a stage.
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private void Put(
        in TilePart part, int thread, uint stage, TileRows rows, long weights, TileTokens tokens, int firstToken, int column,
        int half)
    {
        Weights.Put<RowsOf128Bytes>(part, thread, stage, rows, column, half, weights);
        Put(tokens, thread, stage, firstToken, column, half);
        TileMemory.Commit();
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void Put(TileTokens tokens, int thread, uint stage, int firstToken, int column, int half)
    {
        const int Quarter = TokensPerGroup / 4;
        int first = half * 2 * Quarter;
        uint to = stage + WarpgroupMemory.TokensAt + (uint)(first * WarpgroupMemory.RowBytes);
        tokens.Put<RowsOf128Bytes>(thread, to, firstToken + first, column);
        tokens.Put<RowsOf128Bytes>(thread, to + (Quarter * WarpgroupMemory.RowBytes), firstToken + first + Quarter, column);
    }

    // Of rows lane, lane + 32 and so on of the tile. In place of what does not exist the last is loaded.
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private Floats4 Current(int firstRow, int firstToken, int token, int count)
    {
        long at = (long)(firstToken + IntrinsicMath.Min(token, count - 1)) * OutputStride;
        int row = firstRow + TensorLane.Index;
        return new Floats4
        {
            A = Output[at + IntrinsicMath.Min(row, Rows - 1)],
            B = Output[at + IntrinsicMath.Min(row + 32, Rows - 1)],
            C = Output[at + IntrinsicMath.Min(row + 64, Rows - 1)],
            D = Output[at + IntrinsicMath.Min(row + 96, Rows - 1)],
        };
    }

    // Of the token's sums, also of one that does not exist.
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private Floats4 Combine(Floats4 current, uint sums, int token)
    {
        uint from = sums + (uint)(token * WarpgroupSums.PitchBytes);
        float a = TensorShared.Load(from) * Weights.Scale, b = TensorShared.Load(from + 128) * Weights.Scale;
        float c = TensorShared.Load(from + 256) * Weights.Scale, d = TensorShared.Load(from + 384) * Weights.Scale;
        return TEpilogue.IsGated
            ? new Floats4 { A = TEpilogue.CombineOnCuda(current.A, a, b), B = TEpilogue.CombineOnCuda(current.B, c, d) }
            : new Floats4
            {
                A = TEpilogue.CombineOnCuda(current.A, a, 0),
                B = TEpilogue.CombineOnCuda(current.B, b, 0),
                C = TEpilogue.CombineOnCuda(current.C, c, 0),
                D = TEpilogue.CombineOnCuda(current.D, d, 0),
            };
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private void Write(int firstRow, int firstToken, int token, int count, Floats4 values)
    {
        if (token >= count)
        {
            return;
        }

        long at = (long)(firstToken + token) * OutputStride;
        int row = firstRow + TensorLane.Index;
        Write(at, row, values.A);
        Write(at, row + 32, values.B);
        if (!TEpilogue.IsGated)
        {
            Write(at, row + 64, values.C);
            Write(at, row + 96, values.D);
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private void Write(long at, int row, float value)
    {
        if (row < Rows)
        {
            TEpilogue.Write(Output, at + row, value);
        }
    }
}
