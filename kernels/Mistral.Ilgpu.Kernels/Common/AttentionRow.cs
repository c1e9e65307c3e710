using System.Runtime.CompilerServices;
using ILGPU;

namespace Mistral.Ilgpu.Kernels;

/// <summary>One query's attention as one work item does it: key by key, the output accumulated in place.</summary>
internal readonly struct AttentionRow<TCache, TElement>
    where TCache : struct, IWeightFormat<TElement>
    where TElement : unmanaged
{
    private readonly ArrayView<Float4> _query;
    private readonly ArrayView<Float4> _output;
    private readonly int _headDim;
    private readonly float _scale;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public AttentionRow(AttentionInput<TElement> input, int token, int head)
    {
        _headDim = input.HeadDim;
        _scale = input.Scale;
        _query = input.Qkv.SubView(((long)token * input.QueryStride) + (head * _headDim), _headDim).Cast<Float4>();
        _output = input.Output.SubView(((long)token * input.OutputStride) + (head * _headDim), _headDim).Cast<Float4>();
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public OnlineSoftmax Begin()
    {
        for (int i = 0; i < _headDim / 4; i++)
        {
            _output[i] = default;
        }

        return OnlineSoftmax.Empty;
    }

    /// <summary>Takes in the key and the value that start at <paramref name="at"/>.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public void Take(ref OnlineSoftmax softmax, ArrayView<TElement> keys, ArrayView<TElement> values, long at)
    {
        int packs = _headDim / TCache.PerPack;
        var key = keys.SubView(at, _headDim).Cast<Pack>();
        float score = 0;
        for (int pack = 0; pack < packs; pack++)
        {
            score += TCache.Dot(key[pack], _query, pack);
        }

        softmax.Add(score * _scale, out float keep, out float weight);
        var value = values.SubView(at, _headDim).Cast<Pack>();
        for (int pack = 0; pack < packs; pack++)
        {
            TCache.Accumulate(value[pack], weight, keep, _output, pack);
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public void Finish(OnlineSoftmax softmax)
    {
        float norm = 1 / softmax.Sum;
        for (int i = 0; i < _headDim / 4; i++)
        {
            var sum = _output[i];
            _output[i] = new Float4 { A = sum.A * norm, B = sum.B * norm, C = sum.C * norm, D = sum.D * norm };
        }
    }
}
