using System.Runtime.CompilerServices;
using Mistral.Ilgpu.Kernels.Hardware.Amd;

namespace Mistral.Ilgpu.Kernels.Attention.Amd;

/// <summary>A lane's part of a head, in registers. Shorter heads have two runs.</summary>
internal struct MatrixHead<TCore, TRoom>
    where TCore : struct, IRowCore
    where TRoom : struct, IHeadRoom
{
    private const int Run = MatrixRun<TCore>.Length;

    private MatrixRun<TCore> _a, _b, _c, _d;

    private static bool IsLong
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        get => TRoom.Elements > 2 * Run;
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static MatrixHead<TCore, TRoom> Begin(MatrixQuery query)
    {
        var head = new MatrixHead<TCore, TRoom>
        {
            _a = MatrixRun<TCore>.Begin(query, 0), _b = MatrixRun<TCore>.Begin(query, Run),
        };
        if (IsLong)
        {
            head._c = MatrixRun<TCore>.Begin(query, 2 * Run);
            head._d = MatrixRun<TCore>.Begin(query, 3 * Run);
        }

        return head;
    }

    /// <summary>The scores of 32 keys, of which the lane has half.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public readonly SixteenSums Score(MatrixRows keys)
    {
        var scores = _b.Score(_a.Score(default, keys, 0), keys, Run);
        return IsLong ? _d.Score(_c.Score(scores, keys, 2 * Run), keys, 3 * Run) : scores;
    }

    /// <summary>outputs += weights × values, of 32 positions.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public void Add(MatrixFragment first, MatrixFragment second, MatrixRows values)
    {
        _a.Add(first, second, values, 0);
        _b.Add(first, second, values, Run);
        if (IsLong)
        {
            _c.Add(first, second, values, 2 * Run);
            _d.Add(first, second, values, 3 * Run);
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public void Scale(float factor)
    {
        _a.Scale(factor);
        _b.Scale(factor);
        if (IsLong)
        {
            _c.Scale(factor);
            _d.Scale(factor);
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public readonly void Write(AttentionOutput output, long at, int headDim)
    {
        _a.Write(output.View, at, 0, headDim);
        _b.Write(output.View, at, Run, headDim);
        if (IsLong)
        {
            _c.Write(output.View, at, 2 * Run, headDim);
            _d.Write(output.View, at, 3 * Run, headDim);
        }
    }
}
