using System.Runtime.CompilerServices;
using ILGPU;
using Mistral.Ilgpu.Kernels.Contract;
using Mistral.Ilgpu.Kernels.Hardware.Waves;

namespace Mistral.Ilgpu.Kernels.Attention.Waves;

/// <summary>
/// A block of up to 64 queries over its keys, 64 at once (Dao, FlashAttention-2, arXiv 2307.08691). A team has four queries. A
/// lane scores them with four keys, and adds up eight or sixteen elements of their outputs. Scores, outputs, largest scores and
/// sums stay in registers. Queries and keys go through local memory by <see cref="PromptRoom.Slice"/> elements, values by a few
/// positions. Keys that are taken together begin at multiples of 64 positions. So a query's sums do not depend on the others of
/// the block.
/// </summary>
internal readonly struct PromptGroup<TEight, TElement, TBits, TRoom>
    where TEight : struct, IEightFormat<TElement, TBits>
    where TElement : unmanaged
    where TBits : unmanaged
    where TRoom : struct, IHeadRoom
{
    private readonly AttentionInput<TElement> _input;
    private readonly AttentionBlock _block;
    private readonly PromptRoom _room;
    private readonly PromptStage<TEight, TElement, TBits> _stage;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public PromptGroup(AttentionInput<TElement> input, AttentionBlock block)
    {
        (_input, _block) = (input, block);
        _room = new PromptRoom();
        _stage = new PromptStage<TEight, TElement, TBits>(input, block, _room);
    }

    // Whether a head has more than eight elements for each lane of a team.
    private static bool IsLong
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        get => TRoom.Elements > 8 * Team.Lanes;
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public void Attend(AttentionOutput output)
    {
        var a = PromptRow.Begin(_input, _block, 0);
        var b = PromptRow.Begin(_input, _block, 1);
        var c = PromptRow.Begin(_input, _block, 2);
        var d = PromptRow.Begin(_input, _block, 3);
        int first = _block.FirstTile / PromptRoom.Tiles * PromptRoom.Tiles;
        for (int tile = first; tile < _block.EndTile; tile += PromptRoom.Tiles)
        {
            Score(tile, ref a, ref b, ref c, ref d);
            int position = (tile * TileLayout.Length) + Team.Lane;
            a.Weigh(position);
            b.Weigh(position);
            c.Weigh(position);
            d.Weigh(position);
            int weights = (Team.Index * PromptRoom.Keys) + Team.Lane;
            _room.Weights[weights] = new Floats4 { A = a.Scores.A, B = b.Scores.A, C = c.Scores.A, D = d.Scores.A };
            _room.Weights[weights + Team.Lanes] = new Floats4 { A = a.Scores.B, B = b.Scores.B, C = c.Scores.B, D = d.Scores.B };
            _room.Weights[weights + (2 * Team.Lanes)] =
                new Floats4 { A = a.Scores.C, B = b.Scores.C, C = c.Scores.C, D = d.Scores.C };
            _room.Weights[weights + (3 * Team.Lanes)] =
                new Floats4 { A = a.Scores.D, B = b.Scores.D, C = c.Scores.D, D = d.Scores.D };
            Add(tile, ref a, ref b, ref c, ref d);
        }

        Write(output, a, 0);
        Write(output, b, 1);
        Write(output, c, 2);
        Write(output, d, 3);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private void Score(int tile, ref PromptRow a, ref PromptRow b, ref PromptRow c, ref PromptRow d)
    {
        (a.Scores, b.Scores, c.Scores, d.Scores) = (default, default, default, default);
        for (int element = 0; element < _input.HeadDim; element += PromptRoom.Slice)
        {
            // Loaded before the barrier, so that loads go on while others still multiply.
            var keys = _stage.LoadKeys(tile, element);
            var queries = _stage.LoadQueries(element);
            Group.Barrier();
            _stage.Put(keys, queries);
            Group.Barrier();
            for (int i = 0; i < PromptRoom.Slice; i += 4)
            {
                AddElement(i, ref a, ref b, ref c, ref d);
                AddElement(i + 1, ref a, ref b, ref c, ref d);
                AddElement(i + 2, ref a, ref b, ref c, ref d);
                AddElement(i + 3, ref a, ref b, ref c, ref d);
            }
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private void AddElement(int element, ref PromptRow a, ref PromptRow b, ref PromptRow c, ref PromptRow d)
    {
        var q = _room.Queries[(Team.Index * PromptRoom.Slice) + element];
        int at = (element * PromptRoom.Keys) + Team.Lane;
        // Neighbouring lanes read neighbouring floats, which lie in different banks of local memory.
        var k = new Floats4
        {
            A = _room.KeyElements[at],
            B = _room.KeyElements[at + Team.Lanes],
            C = _room.KeyElements[at + (2 * Team.Lanes)],
            D = _room.KeyElements[at + (3 * Team.Lanes)],
        };
        a.Scores = PromptRow.MultiplyAdd(q.A, k, a.Scores);
        b.Scores = PromptRow.MultiplyAdd(q.B, k, b.Scores);
        c.Scores = PromptRow.MultiplyAdd(q.C, k, c.Scores);
        d.Scores = PromptRow.MultiplyAdd(q.D, k, d.Scores);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private void Add(int tile, ref PromptRow a, ref PromptRow b, ref PromptRow c, ref PromptRow d)
    {
        const int Positions = PromptRoom.ValueFloats / 128;
        int perPass = IsLong ? Positions / 2 : Positions;
        int begin = IntrinsicMath.Max(tile, _block.FirstTile) * TileLayout.Length;
        int end = IntrinsicMath.Min(tile + PromptRoom.Tiles, _block.EndTile) * TileLayout.Length;
        for (int position = begin; position < end; position += perPass)
        {
            var values = _stage.LoadValues(position, perPass);
            Group.Barrier();
            _stage.Put(values, perPass);
            Group.Barrier();
            int weights = (Team.Index * PromptRoom.Keys) + position - (tile * TileLayout.Length);
            for (int i = 0; i < perPass; i += 2)
            {
                AddPosition(weights, i, ref a, ref b, ref c, ref d);
                AddPosition(weights, i + 1, ref a, ref b, ref c, ref d);
            }
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private void AddPosition(
        int weights, int position, ref PromptRow a, ref PromptRow b, ref PromptRow c, ref PromptRow d)
    {
        var w = _room.Weights[weights + position];
        int at = (position * _input.HeadDim) + Team.Lane;
        var value = Eighth(at, 0);
        a.Near = Eight.MultiplyAdd(w.A, value, a.Near);
        b.Near = Eight.MultiplyAdd(w.B, value, b.Near);
        c.Near = Eight.MultiplyAdd(w.C, value, c.Near);
        d.Near = Eight.MultiplyAdd(w.D, value, d.Near);
        if (IsLong)
        {
            value = Eighth(at, 8);
            a.Far = Eight.MultiplyAdd(w.A, value, a.Far);
            b.Far = Eight.MultiplyAdd(w.B, value, b.Far);
            c.Far = Eight.MultiplyAdd(w.C, value, c.Far);
            d.Far = Eight.MultiplyAdd(w.D, value, d.Far);
        }
    }

    /// <summary>Eight of a value's elements; the last one in place of those that do not exist.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private Eight Eighth(int at, int first)
    {
        int last = (_input.HeadDim / Team.Lanes) - 1;
        return new Eight
        {
            A = _room.Values[at + (Team.Lanes * IntrinsicMath.Min(first, last))],
            B = _room.Values[at + (Team.Lanes * IntrinsicMath.Min(first + 1, last))],
            C = _room.Values[at + (Team.Lanes * IntrinsicMath.Min(first + 2, last))],
            D = _room.Values[at + (Team.Lanes * IntrinsicMath.Min(first + 3, last))],
            E = _room.Values[at + (Team.Lanes * IntrinsicMath.Min(first + 4, last))],
            F = _room.Values[at + (Team.Lanes * IntrinsicMath.Min(first + 5, last))],
            G = _room.Values[at + (Team.Lanes * IntrinsicMath.Min(first + 6, last))],
            H = _room.Values[at + (Team.Lanes * IntrinsicMath.Min(first + 7, last))],
        };
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private void Write(AttentionOutput output, PromptRow row, int index)
    {
        float scale = 1 / Wave.Sum16(row.Sum);
        int query = (PromptRoom.RowsOfTeam * Team.Index) + index;
        if (query >= _block.Queries.Tokens * _input.Group)
        {
            return;
        }

        int token = query / _input.Group;
        int head = query - (token * _input.Group);
        long at = output.At + ((long)token * output.TokenStride) + (head * output.HeadStride) + Team.Lane;
        Write(output, at, 0, row.Near * scale);
        if (IsLong)
        {
            Write(output, at, 8, row.Far * scale);
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private void Write(AttentionOutput output, long at, int first, Eight x)
    {
        Write(output, at, first, x.A);
        Write(output, at, first + 1, x.B);
        Write(output, at, first + 2, x.C);
        Write(output, at, first + 3, x.D);
        Write(output, at, first + 4, x.E);
        Write(output, at, first + 5, x.F);
        Write(output, at, first + 6, x.G);
        Write(output, at, first + 7, x.H);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private void Write(AttentionOutput output, long at, int index, float value)
    {
        if (Team.Lanes * index < _input.HeadDim)
        {
            output.View[at + (Team.Lanes * index)] = value;
        }
    }
}
