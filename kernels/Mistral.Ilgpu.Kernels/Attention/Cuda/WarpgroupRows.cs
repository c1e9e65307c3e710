using System.Runtime.CompilerServices;
using ILGPU;
using Mistral.Ilgpu.Kernels.Hardware.Cuda;
using Mistral.Ilgpu.Kernels.Hardware.Waves;

namespace Mistral.Ilgpu.Kernels.Attention.Cuda;

/// <summary>
/// A warpgroup's 64 queries of <see cref="AttendWarpgroup{TFormat, TOutput}"/>. A round scores 128 keys and adds the values of
/// the round before, one product right behind the other. While they and those of the other warpgroup go on, the online softmax
/// turns scores into weights, in float32 and in powers of two. Weights are rounded to 16 bits.
/// </summary>
internal readonly struct WarpgroupRows<TFormat>
    where TFormat : struct, ITensorFormat
{
    private const int Warps = WarpgroupSums.GroupSize / TensorLane.WarpSize;

    // Below any score and far above a masked one, so that 2^(masked − max) is 0 from the first key on.
    private const float NoMax = -1e20f;

    private readonly AttentionInput<ushort> _input;
    private readonly AttentionBlock _block;
    private readonly uint _memory;
    private readonly int _warpgroup;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public WarpgroupRows(AttentionInput<ushort> input, AttentionBlock block, uint memory, int warpgroup) =>
        (_input, _block, _memory, _warpgroup) = (input, block, memory, warpgroup);

    // Of the block's queries.
    private int FirstRow => _warpgroup * WarpgroupSums.Rows;

    // The thread's upper row.
    private int Row => FirstRow + ((TensorLane.Warp & (Warps - 1)) * 16) + TensorLane.Row;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public void Attend<TOutput>(int firstTile, int rounds)
        where TOutput : struct, IAttendOutput
    {
        var queries = new WarpgroupQueries<TFormat>(_input, _block, FirstRow);
        queries.Put(WarpgroupPlaces.QueriesAt(_memory, _warpgroup));
        WarpgroupSums.Offer();
        NamedBarrier.WaitForAll();
        var top = Visible(Row);
        var bottom = Visible(Row + TensorLane.RowsApart);
        // Positions that every query of the warpgroup sees.
        int allFirst = Hoisted.Of(Visible(FirstRow + WarpgroupSums.Rows - 1).First);
        int allLast = Hoisted.Of(Visible(FirstRow).Last);
        WarpgroupScores.Declare();
        WarpgroupOutputs.Declare();
        AttentionProducts.Declare();
        float topMax = NoMax, bottomMax = NoMax, topSum = 0, bottomSum = 0;
        if (_warpgroup == 1)
        {
            WarpgroupTurns.AwaitTurn(1);
        }

        WarpgroupTurns.AwaitKeys(0, _warpgroup);
        Score(0);
        PassTurn(0, rounds);
        WarpgroupSums.Wait();
        LeaveKeys(0, rounds);
        int from = firstTile * TileLayout.Length;
        Soften(top, bottom, from, allFirst, allLast, ref topMax, ref bottomMax, ref topSum, ref bottomSum);
        TFormat.RoundWeights();
        for (int round = 1; round < rounds; round++)
        {
            from += WarpgroupScores.Keys;
            WarpgroupTurns.AwaitTurn(_warpgroup);
            WarpgroupTurns.AwaitKeys(round & 1, _warpgroup);
            Score(round & 1);
            WarpgroupTurns.AwaitValues((round - 1) & 1, _warpgroup);
            AddValues((round - 1) & 1);
            PassTurn(round, rounds);
            WarpgroupSums.WaitForAllButOne();
            LeaveKeys(round, rounds);
            var keep = Soften(top, bottom, from, allFirst, allLast, ref topMax, ref bottomMax, ref topSum, ref bottomSum);
            // The outputs are waited for in each branch: the assembler moves a wait up to where its block begins, and the softmax
            // is to be before it.
            if (TensorLane.IsAny(keep.Top != 1 || keep.Bottom != 1))
            {
                WarpgroupSums.Wait();
                WarpgroupOutputs.Scale(keep.Top, keep.Bottom);
            }
            else
            {
                WarpgroupSums.Wait();
            }

            LeaveValues(round - 1, rounds);
            TFormat.RoundWeights();
        }

        WarpgroupTurns.AwaitValues((rounds - 1) & 1, _warpgroup);
        AddValues((rounds - 1) & 1);
        WarpgroupSums.Wait();
        queries.Write<TOutput>(Row, 1 / TensorLane.RowSum(topSum), 1 / TensorLane.RowSum(bottomSum));
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private void Score(int place)
    {
        WarpgroupSums.Begin();
        TFormat.ScoreTile(
            WarpgroupPlaces.QueriesAt(_memory, _warpgroup) / TileMemory.PieceBytes,
            WarpgroupPlaces.KeysAt(_memory, place) / TileMemory.PieceBytes);
        WarpgroupSums.Commit();
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private void AddValues(int place)
    {
        WarpgroupSums.Begin();
        TFormat.AddValueTile(WarpgroupPlaces.ValuesAt(_memory, place) / TileMemory.PieceBytes);
        WarpgroupSums.Commit();
    }

    // The last turn of all is nobody's.
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private void PassTurn(int round, int rounds)
    {
        if (_warpgroup == 0 || round + 1 < rounds)
        {
            WarpgroupTurns.PassTurn(_warpgroup);
        }
    }

    // Nobody waits for the place of what nothing comes after.
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void LeaveKeys(int round, int rounds)
    {
        if (round + 2 < rounds)
        {
            WarpgroupTurns.LeaveKeys(round & 1);
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void LeaveValues(int round, int rounds)
    {
        if (round + 2 < rounds)
        {
            WarpgroupTurns.LeaveValues(round & 1);
        }
    }

    /// <returns>What outputs so far are to be multiplied with.</returns>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static (float Top, float Bottom) Soften(
        (int First, int Last) top, (int First, int Last) bottom, int from, int allFirst, int allLast,
        ref float topMax, ref float bottomMax, ref float topSum, ref float bottomSum)
    {
        if (from < allFirst || from + WarpgroupScores.Keys - 1 > allLast)
        {
            int key = from + TensorLane.Column;
            WarpgroupScores.Mask(key - top.First, top.Last - top.First, key - bottom.First, bottom.Last - bottom.First);
        }

        WarpgroupScores.Max(out float topNow, out float bottomNow);
        float topBefore = topMax;
        float bottomBefore = bottomMax;
        topMax = IntrinsicMath.Max(topMax, TensorLane.RowMax(topNow));
        bottomMax = IntrinsicMath.Max(bottomMax, TensorLane.RowMax(bottomNow));
        WarpgroupScores.Exponentiate(topMax, bottomMax, out float topAdded, out float bottomAdded);
        float topKeep = KeyScores.PowerOfTwo(topBefore - topMax);
        float bottomKeep = KeyScores.PowerOfTwo(bottomBefore - bottomMax);
        topSum = (topSum * topKeep) + topAdded;
        bottomSum = (bottomSum * bottomKeep) + bottomAdded;
        return (topKeep, bottomKeep);
    }

    // Positions that a query sees of the block's tiles.
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private (int First, int Last) Visible(int query)
    {
        int position = _block.Queries.Position + (query / _input.Group);
        return (
            IntrinsicMath.Max(position - _input.Window + 1, _block.FirstTile * TileLayout.Length),
            IntrinsicMath.Min(position, (_block.EndTile * TileLayout.Length) - 1));
    }
}
