using System.Runtime.CompilerServices;
using ILGPU;
using Mistral.Ilgpu.Kernels.Contract;
using Mistral.Ilgpu.Kernels.Formats;

namespace Mistral.Ilgpu.Kernels.Attention;

/// <summary>
/// <see cref="IAttentionTiles{TSelf,TElement}"/> for processors that pay for each indexed access and for local memory (ILGPU's
/// CPU accelerator). It takes four keys by four queries at a time, and keeps all that is between loads of four in registers.
/// </summary>
public readonly struct QuadTiles<TCache, TElement> : IAttentionTiles<QuadTiles<TCache, TElement>, TElement>
    where TCache : struct, ICacheFormat<TElement>
    where TElement : unmanaged
{
    private const int Lanes = TileLayout.Length;

    private readonly AttentionInput<TElement> _input;

    private QuadTiles(AttentionInput<TElement> input) => _input = input;

    static QuadTiles<TCache, TElement> IAttentionTiles<QuadTiles<TCache, TElement>, TElement>.Create(
        AttentionInput<TElement> input) => new(input);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public void Attend(AttentionBlock block, AttentionOutput output)
    {
        int queries = block.Queries.Tokens * _input.Group;
        for (int query = 0; query < queries; query += 4)
        {
            // Queries past the end repeat the last one.
            AttendFour(
                block, output, query, IntrinsicMath.Min(query + 1, queries - 1),
                IntrinsicMath.Min(query + 2, queries - 1), IntrinsicMath.Min(query + 3, queries - 1));
        }
    }

    private void AttendFour(AttentionBlock block, AttentionOutput output, int query0, int query1, int query2, int query3)
    {
        var row0 = new Row(_input, block, output, query0);
        var row1 = new Row(_input, block, output, query1);
        var row2 = new Row(_input, block, output, query2);
        var row3 = new Row(_input, block, output, query3);
        row0.Clear();
        row1.Clear();
        row2.Clear();
        row3.Clear();
        for (int tile = block.FirstTile; tile < block.EndTile; tile++)
        {
            var source = new QuadTile<TCache, TElement>(_input, block, tile);
            for (int quad = 0; quad < Lanes / 4; quad++)
            {
                if ((quad * 4) < source.End && row0.Sees(tile, quad, row3))
                {
                    Score(source, quad, row0, row1, row2, row3, out var score0, out var score1, out var score2, out var score3);
                    float keep0 = row0.Weigh(ref score0, tile, quad);
                    float keep1 = row1.Weigh(ref score1, tile, quad);
                    float keep2 = row2.Weigh(ref score2, tile, quad);
                    float keep3 = row3.Weigh(ref score3, tile, quad);
                    Add(source, quad, row0, row1, row2, row3, score0, score1, score2, score3, keep0, keep1, keep2, keep3);
                }
            }
        }

        if (output.IsPart)
        {
            row0.WriteTail();
            row1.WriteTail();
            row2.WriteTail();
            row3.WriteTail();
        }
        else
        {
            Normalize(row0, row1, row2, row3);
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private void Normalize(Row row0, Row row1, Row row2, Row row3)
    {
        for (int four = 0; four < _input.HeadDim / 4; four++)
        {
            var y0 = row0.Normalized(four);
            var y1 = row1.Normalized(four);
            var y2 = row2.Normalized(four);
            var y3 = row3.Normalized(four);
            row0.Output[four] = y0;
            row1.Output[four] = y1;
            row2.Output[four] = y2;
            row3.Output[four] = y3;
        }
    }

    /// <summary>Scores of four keys, for each of four queries.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private void Score(
        QuadTile<TCache, TElement> source, int quad, Row row0, Row row1, Row row2, Row row3,
        out Floats4 score0, out Floats4 score1, out Floats4 score2, out Floats4 score3)
    {
        (score0, score1, score2, score3) = (default, default, default, default);
        for (int four = 0; four < _input.HeadDim / 4; four++)
        {
            var x0 = row0.Query[four];
            var x1 = row1.Query[four];
            var x2 = row2.Query[four];
            var x3 = row3.Query[four];
            var key = source.Key(4 * four, quad);
            AddScaled(ref score0, x0.A, key);
            AddScaled(ref score1, x1.A, key);
            AddScaled(ref score2, x2.A, key);
            AddScaled(ref score3, x3.A, key);
            key = source.Key((4 * four) + 1, quad);
            AddScaled(ref score0, x0.B, key);
            AddScaled(ref score1, x1.B, key);
            AddScaled(ref score2, x2.B, key);
            AddScaled(ref score3, x3.B, key);
            key = source.Key((4 * four) + 2, quad);
            AddScaled(ref score0, x0.C, key);
            AddScaled(ref score1, x1.C, key);
            AddScaled(ref score2, x2.C, key);
            AddScaled(ref score3, x3.C, key);
            key = source.Key((4 * four) + 3, quad);
            AddScaled(ref score0, x0.D, key);
            AddScaled(ref score1, x1.D, key);
            AddScaled(ref score2, x2.D, key);
            AddScaled(ref score3, x3.D, key);
        }
    }

    /// <summary>output = output × keep + Σ weight i × value i, for each of four queries.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private void Add(
        QuadTile<TCache, TElement> source, int quad, Row row0, Row row1, Row row2, Row row3,
        Floats4 weight0, Floats4 weight1, Floats4 weight2, Floats4 weight3,
        float keep0, float keep1, float keep2, float keep3)
    {
        for (int four = 0; four < _input.HeadDim / 4; four++)
        {
            var a = source.Value(four, 4 * quad);
            var b = source.Value(four, (4 * quad) + 1);
            var c = source.Value(four, (4 * quad) + 2);
            var d = source.Value(four, (4 * quad) + 3);
            // All are read before any is written: a repeated query gets the same twice.
            var y0 = Mix(row0.Output[four], keep0, weight0, a, b, c, d);
            var y1 = Mix(row1.Output[four], keep1, weight1, a, b, c, d);
            var y2 = Mix(row2.Output[four], keep2, weight2, a, b, c, d);
            var y3 = Mix(row3.Output[four], keep3, weight3, a, b, c, d);
            row0.Output[four] = y0;
            row1.Output[four] = y1;
            row2.Output[four] = y2;
            row3.Output[four] = y3;
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void AddScaled(ref Floats4 sum, float factor, Floats4 x)
    {
        sum.A += factor * x.A;
        sum.B += factor * x.B;
        sum.C += factor * x.C;
        sum.D += factor * x.D;
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Floats4 Mix(Floats4 output, float keep, Floats4 weight, Floats4 a, Floats4 b, Floats4 c, Floats4 d) => new()
    {
        A = (((output.A * keep) + (weight.A * a.A)) + (weight.B * b.A)) + ((weight.C * c.A) + (weight.D * d.A)),
        B = (((output.B * keep) + (weight.A * a.B)) + (weight.B * b.B)) + ((weight.C * c.B) + (weight.D * d.B)),
        C = (((output.C * keep) + (weight.A * a.C)) + (weight.B * b.C)) + ((weight.C * c.C) + (weight.D * d.C)),
        D = (((output.D * keep) + (weight.A * a.D)) + (weight.B * b.D)) + ((weight.C * c.D) + (weight.D * d.D)),
    };

    /// <summary>One query: its vector, its output, and its softmax so far.</summary>
    private struct Row
    {
        public readonly ArrayView<Floats4> Query;
        public readonly ArrayView<Floats4> Output;

        private readonly ArrayView<float> _tail;
        private readonly int _position;
        private readonly int _window;
        private readonly float _scale;
        private float _max;
        private float _sum;

        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public Row(AttentionInput<TElement> input, AttentionBlock block, AttentionOutput output, int query)
        {
            int token = query / input.Group;
            int head = query % input.Group;
            long queryAt = ((long)(block.Queries.FirstToken + token) * input.QueryStride)
                + (((block.KvHead * input.Group) + head) * input.HeadDim);
            long outputAt = output.At + ((long)token * output.TokenStride) + (head * output.HeadStride);
            Query = input.Qkv.SubView(queryAt, input.HeadDim).Cast<Floats4>();
            Output = output.View.SubView(outputAt, input.HeadDim).Cast<Floats4>();
            _tail = output.IsPart ? output.View.SubView(outputAt + input.HeadDim, 2) : output.View.SubView(outputAt, 2);
            _position = block.Queries.Position + token;
            _window = input.Window;
            _scale = input.Scale;
            _max = AttentionScore.Masked;
            _sum = 0;
        }

        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public readonly void Clear()
        {
            for (int i = 0; i < Output.IntLength; i++)
            {
                Output[i] = default;
            }
        }

        /// <summary>Whether this query, the first of four, or <paramref name="last"/>, or one between, sees one of four
        /// keys.</summary>
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public readonly bool Sees(int tile, int quad, Row last)
        {
            int first = (tile * Lanes) + (quad * 4);
            return first <= last._position && first + 3 > _position - _window;
        }

        /// <summary>Scores of four keys become weights.</summary>
        /// <returns>What the output so far is to be multiplied with.</returns>
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public float Weigh(ref Floats4 scores, int tile, int quad)
        {
            int first = (tile * Lanes) + (quad * 4);
            float a = Mask(scores.A, first);
            float b = Mask(scores.B, first + 1);
            float c = Mask(scores.C, first + 2);
            float d = Mask(scores.D, first + 3);
            float before = _max;
            _max = IntrinsicMath.Max(IntrinsicMath.Max(_max, IntrinsicMath.Max(a, b)), IntrinsicMath.Max(c, d));
            scores = new Floats4 { A = Weight(a), B = Weight(b), C = Weight(c), D = Weight(d) };
            float keep = SoftmaxExp.Of(before - _max);
            _sum = (_sum * keep) + ((scores.A + scores.B) + (scores.C + scores.D));
            return keep;
        }

        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public readonly void WriteTail()
        {
            _tail[0] = _max;
            _tail[1] = _sum;
        }

        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public readonly Floats4 Normalized(int four)
        {
            float norm = 1 / _sum;
            var sum = Output[four];
            return new Floats4 { A = sum.A * norm, B = sum.B * norm, C = sum.C * norm, D = sum.D * norm };
        }

        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        private readonly float Mask(float score, int key) =>
            SlidingWindow.Sees(_position, key, _window) ? score * _scale : AttentionScore.Masked;

        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        private readonly float Weight(float score) => score > AttentionScore.Masked ? SoftmaxExp.Of(score - _max) : 0;
    }
}
