using ILGPU;
using Mistral.Ilgpu.Kernels.Contract;
using Mistral.Ilgpu.Kernels.Formats;
using Mistral.Ilgpu.Kernels.Hardware.Cuda;

namespace Mistral.Ilgpu.Kernels.Products.Cuda;

/// <summary>
/// <see cref="MatMulWarpgroup{TTensor, TWeights, TEpilogue}"/> of weights in blocks that come by bulk copies: y[t, r] =
/// Σ_c W[r, c] x[t, c], the same products in the same order and so the same bits. Tiles, pairs of groups and the two warpgroups
/// that multiply are those of <see cref="MatMulBulk{TTensor, TEpilogue}"/>. Quants come in lines, 128 bytes of each row. Each
/// thread of a third warpgroup unpacks them for one row, 64 columns at a time, see <see cref="UnpackedRow{TFormat}"/>. Two of its
/// threads bring lines and tokens.
/// </summary>
/// <param name="LineMap">Where the <see cref="TensorMap"/> of the plane of quants is, of tiles of 32 rows.</param>
/// <param name="TokenMap">Where that of the tokens is, of tiles of 128.</param>
[GroupForm]
[CudaForm(90, IsAlone = true, GroupSize = GroupSize, GroupsAtOnce = 1, DynamicSharedBytes = LineMemory.Bytes)]
public readonly record struct MatMulBulkBlocks<TFormat, TEpilogue>(
    StepState State,
    BlockWeights Weights,
    long LineMap,
    long TokenMap,
    ArrayView<float> Output,
    int Rows,
    int OutputStride,
    RowRange Tokens) : IKernel
    where TFormat : struct, IPackedFormat
    where TEpilogue : struct, IEpilogue
{
    public const int GroupSize = WarpgroupSums.Multipliers + WarpgroupSums.GroupSize;

    public void Execute()
    {
        if (GroupPair.Size != GroupPair.Groups)
        {
            // No such driver is known. The test before first use finds that nothing is written.
            return;
        }

        uint memory = WarpgroupMemory.Find();
        var stages = new BulkStages(memory, memory + LineMemory.FullAt, memory + LineMemory.FreeAt, LineMemory.Stages);
        var lines = new LinePlaces(memory);
        if (Group.IdxX == 0)
        {
            // Who brings tokens arrives, and each warp that unpacks.
            stages.Start(1 + UnpackedRow<TFormat>.Warps);
            lines.Start(UnpackedRow<TFormat>.Warps);
            PhaseBarrier.Offer();
        }

        GroupPair.Meet();
        var tiles = BulkTiles.Of(State, Tokens, Rows, TEpilogue.IsGated);
        if (Group.IdxX < WarpgroupSums.Multipliers)
        {
            WarpgroupRegisters.TakeSome();
            new BulkMultiplication<Float16Tensor, TEpilogue>(
                stages, tiles, new TileOutput<TEpilogue>(Output, Rows, OutputStride, new BlockTiles<TFormat>(Weights).Scale),
                memory + LineMemory.SumsAt, Weights.Columns).Run();
        }
        else
        {
            WarpgroupRegisters.GiveSome();
            new UnpackedRow<TFormat>(Weights, stages, lines, LineMap, TokenMap, Group.IdxX - WarpgroupSums.Multipliers)
                .Run(tiles);
        }

        // The other group's arrivals, which nobody waits for any more, still come to this one's memory.
        GroupPair.Meet();
    }
}
