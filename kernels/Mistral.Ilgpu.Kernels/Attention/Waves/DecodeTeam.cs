using System.Runtime.CompilerServices;
using ILGPU;
using Mistral.Ilgpu.Kernels.Contract;
using Mistral.Ilgpu.Kernels.Formats;
using Mistral.Ilgpu.Kernels.Hardware.Waves;

namespace Mistral.Ilgpu.Kernels.Attention.Waves;

/// <summary>
/// A team's part of the keys of one split of a decoded token, for the two heads of its set. The teams of a set take turns with
/// the tiles. In a tile a lane scores eight positions of every eighth element, and the team adds up the scores. Then a lane adds up
/// eight elements over the positions. So all loads are of neighbours, and nothing but the weights goes through local memory.
/// </summary>
internal readonly struct DecodeTeam<TEight, TElement, TBits, TRoom>
    where TEight : struct, IEightFormat<TElement, TBits>
    where TElement : unmanaged
    where TBits : unmanaged
    where TRoom : struct, IHeadRoom
{
    private readonly AttentionInput<TElement> _input;
    private readonly AttentionBlock _block;
    private readonly DecodeRoom<TRoom> _room;
    private readonly int _query;
    private readonly int _firstPosition;
    private readonly int _lastPosition;

    /// <param name="set">Which two heads.</param>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public DecodeTeam(AttentionInput<TElement> input, AttentionBlock block, DecodeRoom<TRoom> room, int set)
    {
        (_input, _block, _room) = (input, block, room);
        _query = set * DecodeRoom<TRoom>.SetStride;
        _firstPosition = SlidingWindow.FirstVisible(block.Queries.Position, input.Window);
        // The token's own key is not in the ring yet.
        _lastPosition = block.Queries.Position - 1;
    }

    /// <summary>Begins with the token's own key and value, or with nothing. All lanes call it, because they exchange
    /// values.</summary>
    /// <param name="takesOwn">Whether this team is the one that takes it.</param>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public TeamState Begin(bool takesOwn)
    {
        var state = default(TeamState);
        float first = 0;
        float second = 0;
        for (int d = Team.Lane; d < _input.HeadDim; d += Team.Lanes)
        {
            var query = _room.Queries[_query + d];
            float key = _room.OwnKey[d];
            first = Fused.MultiplyAdd(query.A, key, first);
            second = Fused.MultiplyAdd(query.B, key, second);
        }

        first = Wave.Sum16(first);
        second = Wave.Sum16(second);
        state.FirstMax = takesOwn ? first : AttentionScore.Masked;
        state.SecondMax = takesOwn ? second : AttentionScore.Masked;
        state.FirstSum = takesOwn && Team.Lane == 0 ? 1f : 0f;
        state.SecondSum = state.FirstSum;
        var place = new ValuePlace(_input.HeadDim);
        float weight = takesOwn && place.Row == 0 ? 1f : 0f;
        state.First = Own(place.Piece) * weight;
        state.Second = state.First;
        if (TRoom.Elements > ValuePlace.Near)
        {
            state.FirstFar = Own(place.FarPiece) * weight;
            state.SecondFar = state.FirstFar;
        }

        return state;
    }

    /// <summary>Takes in a tile. All teams of the group call it, because it has a barrier.</summary>
    /// <param name="exists">Otherwise the team has no tile in this round.</param>
    /// <param name="isOdd">Whether the round is: rounds take turns with the room for weights.</param>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public void Take(ref TeamState state, int tile, bool exists, bool isOdd)
    {
        int found = exists ? _input.Table.Find(_block.Queries.Sequence, tile) : 0;
        var (first, second) = Score(found, exists);

        // Where the sum over the team leaves a lane's score.
        int within = ((Team.Lane & 1) << 3) | (Team.Lane >> 1);
        int position = (tile * TileLayout.Length) + within;
        bool isSeen = exists && position >= _firstPosition && position <= _lastPosition;
        first = isSeen ? first : AttentionScore.Masked;
        second = isSeen ? second : AttentionScore.Masked;
        float firstMax = IntrinsicMath.Max(state.FirstMax, Wave.Max16(first));
        float secondMax = IntrinsicMath.Max(state.SecondMax, Wave.Max16(second));
        float firstWeight = WaveExp.Of(first - firstMax);
        float secondWeight = WaveExp.Of(second - secondMax);
        first = isSeen ? firstWeight : 0;
        second = isSeen ? secondWeight : 0;
        float firstKeep = WaveExp.Of(state.FirstMax - firstMax);
        float secondKeep = WaveExp.Of(state.SecondMax - secondMax);
        (state.FirstMax, state.SecondMax) = (firstMax, secondMax);
        state.FirstSum = Fused.MultiplyAdd(state.FirstSum, firstKeep, first);
        state.SecondSum = Fused.MultiplyAdd(state.SecondSum, secondKeep, second);
        int weights = ((isOdd ? Team.Count : 0) + Team.Index) * TileLayout.Length;
        _room.Weights[weights + within] = new Floats2 { A = first, B = second };
        Group.Barrier();
        state.Scale(firstKeep, secondKeep);
        if (exists)
        {
            Add(ref state, found, tile, weights);
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private Eight Own(int piece)
    {
        int at = 8 * piece;
        return new Eight
        {
            A = _room.OwnValue[at],
            B = _room.OwnValue[at + 1],
            C = _room.OwnValue[at + 2],
            D = _room.OwnValue[at + 3],
            E = _room.OwnValue[at + 4],
            F = _room.OwnValue[at + 5],
            G = _room.OwnValue[at + 6],
            H = _room.OwnValue[at + 7],
        };
    }

    /// <summary>The scores of a position with both heads, see <see cref="Eight.SumOverTeam"/> for which.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private (float First, float Second) Score(int tile, bool exists)
    {
        var first = default(Eight);
        var second = default(Eight);
        if (exists)
        {
            int headDim = _input.HeadDim;
            int last = (headDim / 8) - 1;
            int half = Team.Lane & 1;
            int row = Team.Lane >> 1;
            var keys = _input.Ring.Keys.Cast<TBits>();
            // In eights: an element's positions are two, eight elements sixteen.
            long from = (TileLayout.At(tile, _input.KvHeads, _block.KvHead, headDim) / 8) + Team.Lane;
            long scales = (TileLayout.ScalesAt(tile, _input.KvHeads, _block.KvHead, headDim) / 8) + half;
            int query = _query + row;
            for (int step = 0; step <= last; step += 8)
            {
                // Past the last elements they are loaded again; queries are zeros there.
                var a = keys[from + (16 * step)];
                var b = keys[from + (16 * IntrinsicMath.Min(step + 1, last))];
                var c = keys[from + (16 * IntrinsicMath.Min(step + 2, last))];
                var d = keys[from + (16 * IntrinsicMath.Min(step + 3, last))];
                var e = keys[from + (16 * IntrinsicMath.Min(step + 4, last))];
                var f = keys[from + (16 * IntrinsicMath.Min(step + 5, last))];
                var g = keys[from + (16 * IntrinsicMath.Min(step + 6, last))];
                var h = keys[from + (16 * IntrinsicMath.Min(step + 7, last))];
                Schedule.Fence();
                AddRun(ref first, ref second, a, b, c, d, query + (8 * step), scales + (step / 2));
                AddRun(
                    ref first, ref second, e, f, g, h, query + (8 * step) + 32,
                    scales + (2 * IntrinsicMath.Min((step / 4) + 1, last / 4)));
            }
        }

        return (Eight.SumOverTeam(first), Eight.SumOverTeam(second));
    }

    /// <summary>Four of every eighth element, of one run.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private void AddRun(ref Eight first, ref Eight second, TBits a, TBits b, TBits c, TBits d, int query, long scales)
    {
        if (TEight.IsScaled)
        {
            var firstRun = default(Eight);
            var secondRun = default(Eight);
            AddFour(ref firstRun, ref secondRun, a, b, c, d, query);
            var scale = EightHalves.Decode(_input.Ring.KeyScales.Cast<Pack>()[scales]);
            first = Eight.MultiplyAdd(scale, firstRun, first);
            second = Eight.MultiplyAdd(scale, secondRun, second);
        }
        else
        {
            AddFour(ref first, ref second, a, b, c, d, query);
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private void AddFour(ref Eight first, ref Eight second, TBits a, TBits b, TBits c, TBits d, int query)
    {
        AddKeys(ref first, ref second, a, query);
        AddKeys(ref first, ref second, b, query + 8);
        AddKeys(ref first, ref second, c, query + 16);
        AddKeys(ref first, ref second, d, query + 24);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private void AddKeys(ref Eight first, ref Eight second, TBits bits, int query)
    {
        var both = _room.Queries[query];
        var keys = TEight.Decode(bits);
        first = Eight.MultiplyAdd(both.A, keys, first);
        second = Eight.MultiplyAdd(both.B, keys, second);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private void Add(ref TeamState state, int found, int tile, int weights)
    {
        // What lies in slots that the query does not see need not be a number.
        int begin = IntrinsicMath.Max(_firstPosition - (tile * TileLayout.Length), 0);
        int last = IntrinsicMath.Min(_lastPosition - (tile * TileLayout.Length), TileLayout.Length - 1);
        var place = new ValuePlace(_input.HeadDim);
        var values = new ValueRows<TEight, TElement, TBits>(_input, found, _block.KvHead, _room.Weights, weights);
        for (int row = begin + place.Row; row - place.Row <= last; row += 8 * place.Rows)
        {
            values.Add(ref state.First, ref state.Second, row, place.Rows, last, place.Piece);
            if (TRoom.Elements > ValuePlace.Near)
            {
                values.Add(ref state.FirstFar, ref state.SecondFar, row, place.Rows, last, place.FarPiece);
            }
        }
    }
}
