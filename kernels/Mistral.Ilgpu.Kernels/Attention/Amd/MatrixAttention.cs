using System.Runtime.CompilerServices;
using ILGPU;
using Mistral.Ilgpu.Kernels.Contract;
using Mistral.Ilgpu.Kernels.Hardware.Amd;
using Mistral.Ilgpu.Kernels.Hardware.Waves;

namespace Mistral.Ilgpu.Kernels.Attention.Amd;

/// <summary>
/// A block of attention on AMD's matrix cores (Dao, FlashAttention-2, arXiv 2307.08691). A wave has half as many queries as lanes
/// and takes 32 keys at once. It makes scores as keys × queries and outputs as values × weights, both transposed. Then a lane has
/// one query: sixteen of its scores, which are sums of the first product, become columns of the second one where they are. What
/// the two lanes of a query exchange is a largest score and, on RDNA3, weights. The online softmax is in float32 and in powers of
/// two; weights are rounded to 16 bits. Values are loaded while keys are scored, and the next keys while values are added up.
/// Keys that are taken together begin at multiples of 32 positions. So a query's sums do not depend on the others of the block.
/// </summary>
internal readonly struct MatrixAttention<TCore, TPieces, TElement, TBits, TRoom>
    where TCore : struct, IRowCore
    where TPieces : struct, IPieceFormat<TElement, TBits>
    where TElement : unmanaged
    where TBits : unmanaged
    where TRoom : struct, IHeadRoom
{
    private const float Log2E = 1.44269504f;

    // Below any score and far above a masked one, so that 2^(masked − max) is 0 from the first key on.
    private const float NoMax = -1e20f;

    private const int Tiles = MatrixStage<TCore, TPieces, TElement, TBits, TRoom>.Tiles;
    private const int Positions = MatrixStage<TCore, TPieces, TElement, TBits, TRoom>.Positions;

    private readonly AttentionInput<TElement> _input;
    private readonly AttentionBlock _block;
    private readonly MatrixStage<TCore, TPieces, TElement, TBits, TRoom> _stage;
    private readonly MatrixRows _keys;
    private readonly MatrixRows _values;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public MatrixAttention(AttentionInput<TElement> input, AttentionBlock block)
    {
        (_input, _block) = (input, block);
        _keys = new MatrixRows(SharedMemory.Allocate<Pack>(Positions * TRoom.Elements / 8), TRoom.Elements / 8);
        _values = new MatrixRows(SharedMemory.Allocate<Pack>(TRoom.Elements * Positions / 8), Positions / 8);
        _stage = new MatrixStage<TCore, TPieces, TElement, TBits, TRoom>(input, block, _keys, _values);
    }

    private int Queries
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        get => _block.Queries.Tokens * _input.Group;
    }

    // A window may be as long as any text can be, and a position is counted from further on than the text begins.
    private int Window
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        get => IntrinsicMath.Min(_input.Window, int.MaxValue / 2);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public void Attend(AttentionOutput output)
    {
        int firstTile = _block.FirstTile / Tiles * Tiles;
        int found = _stage.Find(firstTile);
        _stage.PutKeys(_stage.FetchKeys(firstTile, found));
        var query = QueryOf(Group.IdxX);
        var own = MatrixHead<TCore, TRoom>.Begin(new MatrixQuery(
            _input.Qkv,
            ((long)(_block.Queries.FirstToken + query.Token) * _input.QueryStride)
                + (((_block.KvHead * _input.Group) + query.Head) * _input.HeadDim),
            _input.HeadDim, _input.Scale * Log2E));
        // The query's, counted from the lane's first key on.
        int position = Kept.Of(_block.Queries.Position + query.Token - (8 * MatrixLane.Half<TCore>()));
        // Positions that every query sees.
        int allFirst = _block.Queries.Position + _block.Queries.Tokens - Window;
        int allLast = _block.Queries.Position;
        float max = NoMax, sum = 0;
        Group.Barrier();
        for (int tile = firstTile; tile < _block.EndTile; tile += Tiles)
        {
            int next = _stage.Find(tile + Tiles);
            var values = _stage.FetchValues(tile, found);
            MatrixTile.Begun();
            var scores = own.Score(_keys with { Lane = TCore.Lane(Kept.Of(Group.IdxX), _keys.Pieces) });
            int from = tile * TileLayout.Length;
            if (from < allFirst || from + Positions - 1 > allLast)
            {
                scores = MatrixScores.Visible(scores, position - from - Window + 1, position - from);
            }

            float before = max;
            float largest = MatrixScores.Max(scores);
            max = IntrinsicMath.Max(before, IntrinsicMath.Max(largest, HalfWaves.Other(largest, TCore.Lanes)));
            scores = MatrixScores.Powers(scores, max);
            float keep = PowerOfTwo.Of(before - max);
            sum = Fused.MultiplyAdd(sum, keep, MatrixScores.Sum(scores));
            var (first, second) = (TCore.Column(scores.Low), TCore.Column(scores.High));
            own.Scale(keep);
            _stage.PutValues(values);

            Group.Barrier();
            var keys = _stage.FetchKeys(tile + Tiles, next);
            MatrixTile.Begun();
            own.Add(
                first, second, _values with { Lane = TCore.Lane(Kept.Of(Group.IdxX), _values.Pieces) });
            _stage.PutKeys(keys);
            found = next;
            // Here and not where the loop begins. There LLVM 19 forgets to wait for what is written in the round before.
            Group.Barrier();
        }

        own.Scale(1 / (sum + HalfWaves.Other(sum, TCore.Lanes)));
        int item = Kept.Of(Group.IdxX);
        if (MatrixLane.Query<TCore>(item) < Queries)
        {
            query = QueryOf(item);
            own.Write(
                output, output.At + ((long)query.Token * output.TokenStride) + (query.Head * output.HeadStride), _input.HeadDim);
        }
    }

    // In place of one that does not exist the last is taken.
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private (int Token, int Head) QueryOf(int item)
    {
        int query = IntrinsicMath.Min(MatrixLane.Query<TCore>(item), Queries - 1);
        int token = query / _input.Group;
        return (token, query - (token * _input.Group));
    }
}
