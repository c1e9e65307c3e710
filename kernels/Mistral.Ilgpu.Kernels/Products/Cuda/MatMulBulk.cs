using System.Runtime.CompilerServices;
using ILGPU;
using ILGPU.Runtime.Cuda;
using Mistral.Ilgpu.Kernels.Contract;
using Mistral.Ilgpu.Kernels.Hardware.Cuda;

namespace Mistral.Ilgpu.Kernels.Products.Cuda;

/// <summary>
/// <see cref="MatMulWarpgroup{TTensor, TWeights, TEpilogue}"/> of 16-bit weights whose tiles come by bulk copies: y[t, r] =
/// Σ_c W[r, c] x[t, c], the same products in the same order and so the same bits. One thread of a third warpgroup brings the
/// tiles of weights and tokens, see <see cref="TensorMap"/>. The two warpgroups only wait, multiply and write. They say by
/// <see cref="PhaseBarrier"/> when a stage is free again. As many groups are launched as there are multiprocessors, in pairs, see
/// <see cref="GroupPair"/>. The two have tiles of the same tokens and of 256 neighbouring rows, of which each makes 128. Each
/// brings half of the tokens to both. A pair takes one such tile after the other, see <see cref="TileOrder"/>. While sums are
/// written the next tile's first stages come.
/// </summary>
/// <param name="WeightMap">Where the <see cref="TensorMap"/> of the weights is, of tiles of 32 rows.</param>
/// <param name="TokenMap">Where that of the tokens is, of tiles of 128.</param>
/// <param name="Columns">Of a row of weights, with padding.</param>
[GroupForm]
[CudaForm(90, IsAlone = true, GroupSize = GroupSize, GroupsAtOnce = 1, DynamicSharedBytes = BulkMemory.Bytes)]
public readonly record struct MatMulBulk<TTensor, TEpilogue>(
    StepState State,
    long WeightMap,
    long TokenMap,
    ArrayView<float> Output,
    int Rows,
    int Columns,
    int OutputStride,
    RowRange Tokens) : IKernel
    where TTensor : struct, ITensorFormat
    where TEpilogue : struct, IEpilogue
{
    public const int GroupSize = Consumers + WarpgroupSums.GroupSize;

    /// <summary>Tokens of a tile.</summary>
    public const int TokensPerGroup = WarpgroupSums.Tokens;

    /// <summary>Rows of the weights' tiles that one copy brings.</summary>
    public const int RowsOfCopy = TileMemory.Rows / 4;

    /// <summary>Rows of the tokens' tiles that one copy brings.</summary>
    public const int TokensOfCopy = TokensPerGroup / GroupPair.Groups;

    // The threads that multiply.
    private const int Consumers = 2 * WarpgroupSums.GroupSize;

    private const int Warps = Consumers / TensorLane.WarpSize;

    public void Execute()
    {
        if (GroupPair.Size != GroupPair.Groups)
        {
            // No such driver is known. The test before first use finds that nothing is written.
            return;
        }

        uint memory = WarpgroupMemory.Find();
        uint full = memory + BulkMemory.FullAt;
        uint free = memory + BulkMemory.FreeAt;
        if (Group.IdxX == 0)
        {
            for (uint stage = 0; stage < WarpgroupMemory.Stages; stage++)
            {
                PhaseBarrier.Start(full + (stage * PhaseBarrier.Bytes), 1);
                PhaseBarrier.Start(free + (stage * PhaseBarrier.Bytes), GroupPair.Groups * Warps);
            }

            PhaseBarrier.Offer();
        }

        GroupPair.Meet();
        int first = Tokens.First(State);
        int end = Tokens.End(State);
        var order = new TileOrder(
            DivideUp(Rows, TileRows.PerPair(TEpilogue.IsGated)), DivideUp(IntrinsicMath.Max(end - first, 0), TokensPerGroup));
        if (Group.IdxX < Consumers)
        {
            WarpgroupRegisters.Take();
            Multiply(memory, full, free, order, first, end);
        }
        else
        {
            WarpgroupRegisters.Give();
            if (Group.IdxX == Consumers)
            {
                Bring(memory, full, free, order, first);
            }
        }

        // The other group's arrivals, which nobody waits for any more, still come to this one's memory.
        GroupPair.Meet();
    }

    private static int Pair
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        get => Grid.IdxX / GroupPair.Groups;
    }

    private static int Pairs
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        get => Grid.DimX / GroupPair.Groups;
    }

    // Of the group's half of a pair's tile.
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static int FirstRow(TileOrder order, int tile) =>
        (order.Row(tile) * TileRows.PerPair(TEpilogue.IsGated)) + (GroupPair.Rank * TileRows.PerTile(TEpilogue.IsGated));

    private int Stages
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        get => DivideUp(Columns, WarpgroupMemory.Depth);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private void Bring(uint memory, uint full, uint free, TileOrder order, int firstToken)
    {
        TensorMap.Acquire(WeightMap);
        TensorMap.Acquire(TokenMap);
        int stages = Stages;
        int half = GroupPair.Rank * TokensOfCopy;
        uint slot = 0;
        uint round = 0;
        for (int tile = Pair; tile < order.Count; tile += Pairs)
        {
            var rows = new TileRows(FirstRow(order, tile), Rows, TEpilogue.IsGated);
            int token = firstToken + (order.Token(tile) * TokensPerGroup) + half;
            for (int i = 0; i < stages; i++)
            {
                int column = i * WarpgroupMemory.Depth;
                uint stage = memory + (slot * WarpgroupMemory.StageBytes);
                uint arrives = full + (slot * PhaseBarrier.Bytes);
                PhaseBarrier.Wait(free + (slot * PhaseBarrier.Bytes), round ^ 1);
                PhaseBarrier.Expect(arrives, WarpgroupMemory.StageBytes);
                Bring(stage, rows, 0, column, arrives);
                Bring(stage, rows, 1, column, arrives);
                Bring(stage, rows, 2, column, arrives);
                Bring(stage, rows, 3, column, arrives);
                TensorMap.CopyToBoth(
                    stage + WarpgroupMemory.TokensAt + (uint)(half * WarpgroupMemory.RowBytes), TokenMap, column, token, arrives);
                slot = WarpgroupMemory.NextSlot(slot);
                round ^= slot == 0 ? 1u : 0;
            }
        }
    }

    // A quarter of the stage's rows of weights.
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private void Bring(uint stage, TileRows rows, int quarter, int column, uint arrives) => TensorMap.Copy(
        stage + (uint)(quarter * RowsOfCopy * WarpgroupMemory.RowBytes), WeightMap, column, rows.FirstOfQuarter(quarter),
        arrives);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private void Multiply(uint memory, uint full, uint free, TileOrder order, int first, int end)
    {
        int warpgroup = Group.IdxX / WarpgroupSums.GroupSize;
        int lane = TensorLane.Index;
        int stages = Stages;
        // One lane arrives in each group of the pair.
        uint freed = GroupPair.Find(free, lane & 1);
        uint slot = 0;
        uint round = 0;
        var output = new TileOutput<TEpilogue>(Output, Rows, OutputStride, 1);
        for (int tile = Pair; tile < order.Count; tile += Pairs)
        {
            WarpgroupSums.Declare();
            uint before = 0;
            for (int i = 0; i < stages; i++)
            {
                PhaseBarrier.Wait(full + (slot * PhaseBarrier.Bytes), round);
                WarpgroupSums.Begin();
                WarpgroupStage.Multiply<TTensor>(memory + (slot * WarpgroupMemory.StageBytes), warpgroup);
                WarpgroupSums.Commit();
                WarpgroupSums.WaitForAllButOne();
                // Of the stage before, which has been multiplied. The first has none.
                PhaseBarrier.Arrive(freed + (before * PhaseBarrier.Bytes), i == 0 ? GroupPair.Groups : lane);
                before = slot;
                slot = WarpgroupMemory.NextSlot(slot);
                round ^= slot == 0 ? 1u : 0;
            }

            WarpgroupSums.Wait();
            PhaseBarrier.Arrive(freed + (before * PhaseBarrier.Bytes), lane);
            Write(
                memory + BulkMemory.SumsAt, output, FirstRow(order, tile), first + (order.Token(tile) * TokensPerGroup), end);
        }
    }

    // 64 tokens at a time, of which each warp writes eight.
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void Write(uint memory, TileOutput<TEpilogue> output, int firstRow, int firstToken, int end)
    {
        int count = IntrinsicMath.Min(end - firstToken, TokensPerGroup);
        int warp = TensorLane.Warp;
        uint sums = memory + (uint)((warp * WarpgroupSums.PitchBytes) + (TensorLane.Index * sizeof(float)));
        for (int quarter = 0; quarter * BulkMemory.SumTokens < count; quarter++)
        {
            // The sums before have been read.
            Meet();
            WarpgroupSums.Store(memory, quarter);
            Meet();
            output.Write(sums, firstRow, firstToken, (quarter * BulkMemory.SumTokens) + warp, count);
        }
    }

    // The threads that multiply, without the one that brings tiles.
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void Meet() => NamedBarrier.Wait(1, Consumers);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static int DivideUp(int a, int b) => (a + b - 1) / b;
}
