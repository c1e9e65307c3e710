using System.Runtime.CompilerServices;
using ILGPU;
using Mistral.Ilgpu.Kernels.Contract;
using Mistral.Ilgpu.Kernels.Hardware.Waves;

namespace Mistral.Ilgpu.Kernels.Attention.Waves;

/// <summary>
/// A group's part of <see cref="DecodeAttendWave{TEight,TElement,TBits,TRoom}"/>: turns the queries, shares the split's tiles
/// among its teams (<see cref="DecodeStrands{TEight,TElement,TBits,TRoom}"/>), and joins their outputs in a fixed order.
/// </summary>
internal readonly struct DecodeGroup<TEight, TElement, TBits, TRoom>
    where TEight : struct, IEightFormat<TElement, TBits>
    where TElement : unmanaged
    where TBits : unmanaged
    where TRoom : struct, IHeadRoom
{
    private readonly AttentionInput<TElement> _input;
    private readonly AttentionBlock _block;
    private readonly AttentionOutput _output;
    private readonly DecodeRoom<TRoom> _room;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public DecodeGroup(
        AttentionInput<TElement> input, AttentionBlock block, AttentionOutput output, DecodeRoom<TRoom> room) =>
        (_input, _block, _output, _room) = (input, block, output, room);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public void Do(TokenPairs<TEight, TElement, TBits> pairs)
    {
        bool hasOwn = _block.Queries.Position < _block.EndTile * TileLayout.Length;
        if (hasOwn)
        {
            TakeOwn(pairs);
        }

        for (int firstHead = 0; firstHead < _input.Group; firstHead += DecodeRoom<TRoom>.Heads)
        {
            int heads = IntrinsicMath.Min(_input.Group - firstHead, DecodeRoom<TRoom>.Heads);
            Turn(pairs, firstHead, heads);
            Group.Barrier();
            int sets = (heads + 1) / 2;
            int strands = Team.Count / sets;
            int strand = Team.Index / sets;
            // Where teams are left over, they do as those of the first strand, and are not read.
            bool isSpare = strand >= strands;
            var own = new DecodeStrands<TEight, TElement, TBits, TRoom>(
                _input, _block, _room, Team.Index - (strand * sets));
            var state = own.Begin(hasOwn, strand == 0);
            bool isOdd = false;
            for (int first = _block.FirstTile; first < _block.EndTile; first += strands)
            {
                int tile = first + strand;
                own.Take(ref state, tile, !isSpare && tile < _block.EndTile, isOdd);
                isOdd = !isOdd;
            }

            Join(state, firstHead, heads, sets, strands);
            Group.Barrier();
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private void TakeOwn(TokenPairs<TEight, TElement, TBits> pairs)
    {
        int item = Group.IdxX;
        int headDim = _input.HeadDim;
        var rounded = pairs.Rounded(item);
        if (2 * item < headDim)
        {
            _room.OwnKey[2 * item] = rounded.A;
            _room.OwnKey[(2 * item) + 1] = rounded.B;
        }
        else if (item < headDim)
        {
            _room.OwnValue[(2 * item) - headDim] = rounded.A;
            _room.OwnValue[(2 * item) - headDim + 1] = rounded.B;
        }
    }

    /// <summary>Queries times what scores are multiplied by, and zeros for heads and elements that do not exist.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private void Turn(TokenPairs<TEight, TElement, TBits> pairs, int firstHead, int heads)
    {
        float scale = _input.State.QueryScale(_block.Queries.FirstToken) * _input.Scale;
        int perHead = (_input.HeadDim + 63) / 64 * 32;
        int count = (heads + 1) / 2 * 2 * perHead;
        var queries = _room.Queries.Cast<float>();
        for (int i = Group.IdxX; i < count; i += Group.DimX)
        {
            int head = i / perHead;
            int pair = i - (head * perHead);
            var turned = default(Floats2);
            if (head < heads && 2 * pair < _input.HeadDim)
            {
                turned = pairs.Query(firstHead + head, pair, scale);
            }

            int at = (2 * ((head / 2 * DecodeRoom<TRoom>.SetStride) + (2 * pair))) + (head & 1);
            queries[at] = turned.A;
            queries[at + 2] = turned.B;
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private void Join(StrandState state, int firstHead, int heads, int sets, int strands)
    {
        float firstSum = Wave.Sum16(state.FirstSum);
        float secondSum = Wave.Sum16(state.SecondSum);
        if (Team.Lane == 0)
        {
            _room.Tails[Team.Index] = new Floats4 { A = state.FirstMax, B = state.SecondMax, C = firstSum, D = secondSum };
        }

        Group.Barrier();
        Keep(firstHead, heads, sets, strands);
        Put(state.First, state.FirstFar);
        Group.Barrier();
        Write(firstHead, heads, sets, strands, isSecond: false);
        Group.Barrier();
        Put(state.Second, state.SecondFar);
        Group.Barrier();
        Write(firstHead, heads, sets, strands, isSecond: true);
    }

    /// <summary>An item for each team finds what the team's outputs are multiplied with; those of the first strand write the
    /// part's largest scores and sums.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private void Keep(int firstHead, int heads, int sets, int strands)
    {
        int team = Group.IdxX;
        if (team >= sets * strands)
        {
            return;
        }

        int set = team % sets;
        float firstMax = AttentionScore.Masked;
        float secondMax = AttentionScore.Masked;
        for (int strand = 0; strand < strands; strand++)
        {
            var tail = _room.Tails[(strand * sets) + set];
            firstMax = IntrinsicMath.Max(firstMax, tail.A);
            secondMax = IntrinsicMath.Max(secondMax, tail.B);
        }

        var own = _room.Tails[team];
        _room.Keeps[team] = new Floats2 { A = WaveExp.Of(own.A - firstMax), B = WaveExp.Of(own.B - secondMax) };
        if (team < sets)
        {
            float first = 0;
            float second = 0;
            for (int strand = 0; strand < strands; strand++)
            {
                var tail = _room.Tails[(strand * sets) + set];
                first = Fused.MultiplyAdd(WaveExp.Of(tail.A - firstMax), tail.C, first);
                second = Fused.MultiplyAdd(WaveExp.Of(tail.B - secondMax), tail.D, second);
            }

            WriteTail(firstHead, heads, 2 * set, firstMax, first);
            WriteTail(firstHead, heads, (2 * set) + 1, secondMax, second);
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private void WriteTail(int firstHead, int heads, int head, float max, float sum)
    {
        if (head < heads)
        {
            long at = _output.At + ((firstHead + head) * _output.HeadStride) + _input.HeadDim;
            _output.View[at] = max;
            _output.View[at + 1] = sum;
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private void Put(Eight near, Eight far)
    {
        int at = 2 * Group.IdxX;
        _room.Outputs[at] = near.Low;
        _room.Outputs[at + 1] = near.High;
        if (TRoom.Elements > ValuePlace.Near)
        {
            at += 2 * Team.GroupSize;
            _room.Outputs[at] = far.Low;
            _room.Outputs[at + 1] = far.High;
        }
    }

    /// <summary>Adds up one of the heads of each set, four elements to an item.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private void Write(int firstHead, int heads, int sets, int strands, bool isSecond)
    {
        int headDim = _input.HeadDim;
        int perHead = headDim / 4;
        int shift = ValuePlace.Shift(headDim);
        int rows = Team.Lanes >> shift;
        var to = _output.View.Cast<Floats4>();
        for (int i = Group.IdxX; i < sets * perHead; i += Group.DimX)
        {
            int set = i * 4 / _input.HeadDim;
            int four = i - (set * perHead);
            int head = (2 * set) + (isSecond ? 1 : 0);
            bool isFar = four >= ValuePlace.Near / 4;
            // A lane's two fours are neighbours; a team's are 2 × lanes.
            int from = isFar ? four - (ValuePlace.Near / 4) + (2 * Team.GroupSize) : four;
            var sum = default(Floats4);
            for (int strand = 0; strand < strands; strand++)
            {
                int team = (strand * sets) + set;
                var keeps = _room.Keeps[team];
                float keep = isSecond ? keeps.B : keeps.A;
                for (int row = 0; row < rows; row++)
                {
                    var part = _room.Outputs[(2 * Team.Lanes * team) + (2 * (row << shift)) + from];
                    sum = new Floats4
                    {
                        A = Fused.MultiplyAdd(keep, part.A, sum.A),
                        B = Fused.MultiplyAdd(keep, part.B, sum.B),
                        C = Fused.MultiplyAdd(keep, part.C, sum.C),
                        D = Fused.MultiplyAdd(keep, part.D, sum.D),
                    };
                }
            }

            if (head < heads)
            {
                to[((_output.At + ((firstHead + head) * _output.HeadStride)) / 4) + four] = sum;
            }
        }
    }
}
