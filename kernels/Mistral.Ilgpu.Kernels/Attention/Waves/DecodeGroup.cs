using System.Runtime.CompilerServices;
using ILGPU;
using Mistral.Ilgpu.Kernels.Contract;
using Mistral.Ilgpu.Kernels.Hardware.Waves;

namespace Mistral.Ilgpu.Kernels.Attention.Waves;

/// <summary>
/// A group's part of <see cref="DecodeAttendWave{TEight,TElement,TBits,TRoom}"/>: turns the queries, shares the split's tiles
/// among its teams (<see cref="DecodeTeam{TEight,TElement,TBits,TRoom}"/>), and joins their outputs in a fixed order. All items
/// go through a loop equally often: PoCL, where waves are emulated, gives wrong results for some loops that items leave early.
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

    // Two heads each, and the teams of each.
    private readonly int _sets;
    private readonly int _teams;

    // The set of the item's team, and its place among the teams of the set.
    private readonly int _set;
    private readonly int _place;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public DecodeGroup(AttentionInput<TElement> input, AttentionBlock block, AttentionOutput output)
    {
        (_input, _block, _output) = (input, block, output);
        _room = new DecodeRoom<TRoom>();
        // Divided before the loop over heads.
        _sets = (IntrinsicMath.Min(input.Group, DecodeRoom<TRoom>.Heads) + 1) / 2;
        _teams = Hoisted.Of(Team.Count / _sets);
        _place = Hoisted.Of(Team.Index / _sets);
        _set = Team.Index - (_place * _sets);
    }

    // Past a text's last split there are no tiles. Its groups meet the same barriers and write nothing.
    private bool HasTiles
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        get => _block.FirstTile < _block.EndTile;
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public void Attend(TokenPairs<TEight, TElement, TBits> pairs)
    {
        TakeOwn(pairs);
        bool hasOwn = HasTiles && _block.Queries.Position < _block.EndTile * TileLayout.Length;
        // One round at least, so that every group meets the barrier in it.
        int end = IntrinsicMath.Max(_block.EndTile, _block.FirstTile + 1);
        for (int firstHead = 0; firstHead < _input.Group; firstHead += DecodeRoom<TRoom>.Heads)
        {
            int heads = IntrinsicMath.Min(_input.Group - firstHead, DecodeRoom<TRoom>.Heads);
            Turn(pairs, firstHead, heads);
            Group.Barrier();
            var team = new DecodeTeam<TEight, TElement, TBits, TRoom>(_input, _block, _room, _set);
            var state = team.Begin(hasOwn && _place == 0);
            bool isOdd = false;
            for (int first = _block.FirstTile; first < end; first += _teams)
            {
                int tile = first + _place;
                // Teams that are left over take none.
                team.Take(ref state, tile, _place < _teams && tile < _block.EndTile, isOdd);
                isOdd = !isOdd;
            }

            Join(state, firstHead, heads);
            Group.Barrier();
        }
    }

    /// <summary>All items call it: those of a run find its scale together.</summary>
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
        var queries = _room.Queries.Cast<float>();
        for (int firstOfWaves = 0; firstOfWaves < 2 * _sets; firstOfWaves += Team.GroupSize / Wave.Size)
        {
            int head = firstOfWaves + Wave.Number;
            for (int element = 0; element < _input.HeadDim; element += 2 * Wave.Size)
            {
                int pair = (element / 2) + Wave.Index;
                var turned = default(Floats2);
                if (head < heads && 2 * pair < _input.HeadDim)
                {
                    turned = pairs.Query(firstHead + head, pair, scale);
                }

                if (head < 2 * _sets)
                {
                    int at = (2 * ((head / 2 * DecodeRoom<TRoom>.SetStride) + (2 * pair))) + (head & 1);
                    queries[at] = turned.A;
                    queries[at + 2] = turned.B;
                }
            }
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private void Join(TeamState state, int firstHead, int heads)
    {
        float firstSum = Wave.Sum16(state.FirstSum);
        float secondSum = Wave.Sum16(state.SecondSum);
        if (Team.Lane == 0)
        {
            _room.Tails[Team.Index] = new Floats4 { A = state.FirstMax, B = state.SecondMax, C = firstSum, D = secondSum };
        }

        Group.Barrier();
        Keep(firstHead, heads);
        Put(state.First, state.FirstFar);
        Group.Barrier();
        Write(firstHead, heads, isSecond: false);
        Group.Barrier();
        Put(state.Second, state.SecondFar);
        Group.Barrier();
        Write(firstHead, heads, isSecond: true);
    }

    /// <summary>Finds what the team's outputs are multiplied with, and the part's largest scores and sums.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private void Keep(int firstHead, int heads)
    {
        float firstMax = AttentionScore.Masked;
        float secondMax = AttentionScore.Masked;
        for (int place = 0; place < _teams; place++)
        {
            var tail = _room.Tails[(place * _sets) + _set];
            firstMax = IntrinsicMath.Max(firstMax, tail.A);
            secondMax = IntrinsicMath.Max(secondMax, tail.B);
        }

        float first = 0;
        float second = 0;
        for (int place = 0; place < _teams; place++)
        {
            var tail = _room.Tails[(place * _sets) + _set];
            first = Fused.MultiplyAdd(WaveExp.Of(tail.A - firstMax), tail.C, first);
            second = Fused.MultiplyAdd(WaveExp.Of(tail.B - secondMax), tail.D, second);
        }

        if (Team.Lane == 0)
        {
            var own = _room.Tails[Team.Index];
            _room.Keeps[Team.Index] = new Floats2 { A = WaveExp.Of(own.A - firstMax), B = WaveExp.Of(own.B - secondMax) };
            WriteTail(firstHead, 2 * _set, heads, firstMax, first);
            WriteTail(firstHead, (2 * _set) + 1, heads, secondMax, second);
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private void WriteTail(int firstHead, int head, int heads, float max, float sum)
    {
        if (_place == 0 && head < heads && HasTiles)
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
    private void Write(int firstHead, int heads, bool isSecond)
    {
        int headDim = _input.HeadDim;
        int perHead = headDim / 4;
        int shift = ValuePlace.Shift(headDim);
        int rows = Team.Lanes >> shift;
        var to = _output.View.Cast<Floats4>();
        int count = _sets * perHead;
        for (int firstOfGroup = 0; firstOfGroup < count; firstOfGroup += Team.GroupSize)
        {
            int item = firstOfGroup + Group.IdxX;
            int i = IntrinsicMath.Min(item, count - 1);
            int set = i * 4 / _input.HeadDim;
            int four = i - (set * perHead);
            int head = (2 * set) + (isSecond ? 1 : 0);
            bool isFar = four >= ValuePlace.Near / 4;
            // A lane's two fours are neighbours; a team's are 2 × lanes.
            int from = isFar ? four - (ValuePlace.Near / 4) + (2 * Team.GroupSize) : four;
            var sum = default(Floats4);
            for (int place = 0; place < _teams; place++)
            {
                int team = (place * _sets) + set;
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

            if (item < count && head < heads && HasTiles)
            {
                to[((_output.At + ((firstHead + head) * _output.HeadStride)) / 4) + four] = sum;
            }
        }
    }
}
