using System.Runtime.CompilerServices;
using ILGPU;
using Mistral.Ilgpu.Kernels.Hardware.Cuda;

namespace Mistral.Ilgpu.Kernels.Products.Cuda;

/// <summary>
/// What the first two warpgroups of a product with bulk copies do. They only wait, multiply and write, and say by
/// <see cref="PhaseBarrier"/> when a stage is free again.
/// </summary>
/// <param name="Sums">Where the sums of 64 tokens have room.</param>
/// <param name="Columns">Of a row of weights, with padding.</param>
internal readonly record struct BulkMultiplication<TTensor, TEpilogue>(
    BulkStages Stages, BulkTiles Tiles, TileOutput<TEpilogue> Output, uint Sums, int Columns)
    where TTensor : struct, ITensorFormat
    where TEpilogue : struct, IEpilogue
{
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public void Run()
    {
        int warpgroup = Group.IdxX / WarpgroupSums.GroupSize;
        int lane = TensorLane.Index;
        int stages = BulkTiles.StagesOf(Columns);
        // One lane arrives in each group of the pair.
        uint freed = GroupPair.Find(Stages.Free, lane & 1);
        uint slot = 0;
        uint round = 0;
        for (int tile = BulkTiles.First; tile < Tiles.Count; tile += BulkTiles.Step)
        {
            WarpgroupSums.Declare();
            uint before = 0;
            for (int i = 0; i < stages; i++)
            {
                PhaseBarrier.Wait(Stages.FullOf(slot), round);
                WarpgroupSums.Begin();
                WarpgroupStage.Multiply<TTensor>(Stages.At(slot), warpgroup);
                WarpgroupSums.Commit();
                WarpgroupSums.WaitForAllButOne();
                // Of the stage before, which has been multiplied. The first has none.
                PhaseBarrier.Arrive(freed + (before * PhaseBarrier.Bytes), i == 0 ? GroupPair.Groups : lane);
                before = slot;
                slot = Stages.After(slot);
                round ^= slot == 0 ? 1u : 0;
            }

            WarpgroupSums.Wait();
            PhaseBarrier.Arrive(freed + (before * PhaseBarrier.Bytes), lane);
            Write(Tiles.FirstRow(tile), Tiles.FirstToken(tile));
        }
    }

    // 64 tokens at a time, of which each warp writes eight.
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private void Write(int firstRow, int firstToken)
    {
        int count = IntrinsicMath.Min(Tiles.End - firstToken, WarpgroupSums.Tokens);
        int warp = TensorLane.Warp;
        uint sums = Sums + (uint)((warp * WarpgroupSums.PitchBytes) + (TensorLane.Index * sizeof(float)));
        for (int quarter = 0; quarter * BulkMemory.SumTokens < count; quarter++)
        {
            // The sums before have been read.
            Meet();
            WarpgroupSums.Store(Sums, quarter);
            Meet();
            Output.Write(sums, firstRow, firstToken, (quarter * BulkMemory.SumTokens) + warp, count);
        }
    }

    // The threads that multiply, without those that bring tiles.
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void Meet() => NamedBarrier.Wait(1, WarpgroupSums.Multipliers);
}
