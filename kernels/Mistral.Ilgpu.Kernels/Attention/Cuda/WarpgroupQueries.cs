using System.Runtime.CompilerServices;
using ILGPU;
using Mistral.Ilgpu.Kernels.Contract;
using Mistral.Ilgpu.Kernels.Hardware.Cuda;
using Mistral.Ilgpu.Kernels.Hardware.Waves;

namespace Mistral.Ilgpu.Kernels.Attention.Cuda;

/// <summary>Where a warpgroup's 64 queries come from, and where their outputs go.</summary>
internal readonly struct WarpgroupQueries<TFormat>
    where TFormat : struct, ITensorFormat
{
    private const float Log2E = 1.44269504f;
    private const int PerPiece = TileMemory.PieceBytes / sizeof(ushort);

    private readonly AttentionInput<ushort> _input;
    private readonly AttentionBlock _block;
    private readonly int _firstRow;

    /// <param name="firstRow">The first one among the block's.</param>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public WarpgroupQueries(AttentionInput<ushort> input, AttentionBlock block, int firstRow) =>
        (_input, _block, _firstRow) = (input, block, firstRow);

    /// <summary>Brings them to shared memory, rounded. Half a warp has a row's pieces.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public void Put(uint to)
    {
        for (int half = 0; half < 2; half++)
        {
            int row = (half * 32) + ((TensorLane.Warp & 3) * 2) + (TensorLane.Index >> 4);
            // Loaded before any is stored.
            var (a, b) = (Query(row), Query(row + 8));
            var (c, d) = (Query(row + 16), Query(row + 24));
            Put(to, row, a);
            Put(to, row + 8, b);
            Put(to, row + 16, c);
            Put(to, row + 24, d);
        }
    }

    private static int Piece => TensorLane.Index & 15;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private Pack Query(int row)
    {
        // Loaded from where there is something in any case, so that no load waits for a branch or for another.
        int count = _block.Queries.Tokens * _input.Group;
        int query = IntrinsicMath.Min(_firstRow + row, count - 1);
        int element = Piece * PerPiece;
        float scale = _firstRow + row < count && element < _input.HeadDim ? _input.Scale * Log2E : 0;
        long at = QueryAt(query, _input.QueryStride, _input.HeadDim) + IntrinsicMath.Min(element, _input.HeadDim - PerPiece);
        var view = _input.Qkv.Cast<Floats4>();
        var (x, y) = (view[at / 4], view[(at / 4) + 1]);
        return new Pack
        {
            A = TFormat.Pair(x.A * scale, x.B * scale),
            B = TFormat.Pair(x.C * scale, x.D * scale),
            C = TFormat.Pair(y.A * scale, y.B * scale),
            D = TFormat.Pair(y.C * scale, y.D * scale),
        };
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void Put(uint to, int row, Pack piece)
    {
        uint panel = (uint)(Piece >> 3) * (WarpgroupPlaces.QueryBytes / 2);
        TileMemory.Store(to + panel + RowsOf128Bytes.At(row, Piece & 7), piece);
    }

    // Where a query's elements are, or its outputs, in rows of so many numbers.
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private long QueryAt(int query, int stride, int headDim)
    {
        int token = query / _input.Group;
        int head = (_block.KvHead * _input.Group) + (query - (token * _input.Group));
        return ((long)(_block.Queries.FirstToken + token) * stride) + (head * headDim);
    }

    /// <summary>Writes the outputs.</summary>
    /// <param name="row">The thread's upper query.</param>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public void Write<TOutput>(int row, float topFactor, float bottomFactor)
        where TOutput : struct, IAttendOutput
    {
        long top = QueryAt(row, _input.OutputStride, _input.HeadDim);
        long bottom = QueryAt(row + TensorLane.RowsApart, _input.OutputStride, _input.HeadDim);
        Write<TOutput>(WarpgroupOutputs.First(), 0, row, top, bottom, topFactor, bottomFactor);
        Write<TOutput>(WarpgroupOutputs.Second(), 32, row, top, bottom, topFactor, bottomFactor);
        Write<TOutput>(WarpgroupOutputs.Third(), 64, row, top, bottom, topFactor, bottomFactor);
        Write<TOutput>(WarpgroupOutputs.Fourth(), 96, row, top, bottom, topFactor, bottomFactor);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private void Write<TOutput>(OutputRun run, int element, int row, long top, long bottom, float topFactor, float bottomFactor)
        where TOutput : struct, IAttendOutput
    {
        Write<TOutput>(run.A, element, row, top, bottom, topFactor, bottomFactor);
        Write<TOutput>(run.B, element + 8, row, top, bottom, topFactor, bottomFactor);
        Write<TOutput>(run.C, element + 16, row, top, bottom, topFactor, bottomFactor);
        Write<TOutput>(run.D, element + 24, row, top, bottom, topFactor, bottomFactor);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private void Write<TOutput>(Floats4 values, int element, int row, long top, long bottom, float topFactor, float bottomFactor)
        where TOutput : struct, IAttendOutput
    {
        int count = _block.Queries.Tokens * _input.Group;
        int column = element + TensorLane.Column;
        if (column < _input.HeadDim && row < count)
        {
            TOutput.Write(_input.Output, top + column, values.A * topFactor, values.B * topFactor);
        }

        if (column < _input.HeadDim && row + TensorLane.RowsApart < count)
        {
            TOutput.Write(_input.Output, bottom + column, values.C * bottomFactor, values.D * bottomFactor);
        }
    }
}
