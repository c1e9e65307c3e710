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
    public const int GroupSize = WarpgroupSums.Multipliers + WarpgroupSums.GroupSize;

    /// <summary>Tokens of a tile.</summary>
    public const int TokensPerGroup = WarpgroupSums.Tokens;

    public void Execute()
    {
        if (GroupPair.Size != GroupPair.Groups)
        {
            // No such driver is known. The test before first use finds that nothing is written.
            return;
        }

        uint memory = WarpgroupMemory.Find();
        var stages = new BulkStages(
            memory, memory + BulkMemory.FullAt, memory + BulkMemory.FreeAt, WarpgroupMemory.Stages);
        if (Group.IdxX == 0)
        {
            stages.Start(1);
            PhaseBarrier.Offer();
        }

        GroupPair.Meet();
        var tiles = BulkTiles.Of(State, Tokens, Rows, TEpilogue.IsGated);
        if (Group.IdxX < WarpgroupSums.Multipliers)
        {
            WarpgroupRegisters.Take();
            new BulkMultiplication<TTensor, TEpilogue>(
                stages, tiles, new TileOutput<TEpilogue>(Output, Rows, OutputStride, 1), memory + BulkMemory.SumsAt, Columns)
                .Run();
        }
        else
        {
            WarpgroupRegisters.Give();
            if (Group.IdxX == WarpgroupSums.Multipliers)
            {
                Bring(stages, tiles);
            }
        }

        // The other group's arrivals, which nobody waits for any more, still come to this one's memory.
        GroupPair.Meet();
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private void Bring(BulkStages stages, BulkTiles tiles)
    {
        TensorMap.Acquire(WeightMap);
        TensorMap.Acquire(TokenMap);
        int count = BulkTiles.StagesOf(Columns);
        uint slot = 0;
        uint round = 0;
        for (int tile = BulkTiles.First; tile < tiles.Count; tile += BulkTiles.Step)
        {
            var rows = tiles.RowsOf(tile);
            int token = tiles.FirstToken(tile) + (GroupPair.Rank * BulkStages.TokensOfCopy);
            for (int i = 0; i < count; i++)
            {
                int column = i * WarpgroupMemory.Depth;
                PhaseBarrier.Wait(stages.FreeOf(slot), round ^ 1);
                PhaseBarrier.Expect(stages.FullOf(slot), WarpgroupMemory.StageBytes);
                rows.Bring(stages.At(slot), WeightMap, column, stages.FullOf(slot));
                stages.BringTokens(slot, TokenMap, column, token);
                slot = stages.After(slot);
                round ^= slot == 0 ? 1u : 0;
            }
        }
    }
}
