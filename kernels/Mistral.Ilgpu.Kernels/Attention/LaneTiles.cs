using System.Runtime.CompilerServices;
using ILGPU;
using Mistral.Ilgpu.Kernels.Formats;

namespace Mistral.Ilgpu.Kernels.Attention;

/// <summary>
/// <see cref="IAttentionTiles{TSelf,TElement}"/> for vectorizing compilers (OpenCL on a CPU). Every inner loop runs over sixteen
/// lanes side by side in local memory. Compilers vectorize that without reordering an addition.
/// </summary>
public readonly struct LaneTiles<TCache, TElement> : IAttentionTiles<LaneTiles<TCache, TElement>, TElement>
    where TCache : struct, ICacheFormat<TElement>
    where TElement : unmanaged
{
    private const int Lanes = TileLayout.Length;

    private readonly AttentionInput<TElement> _input;
    private readonly LaneTile<TCache, TElement> _tile;
    private readonly ArrayView<float> _max;
    private readonly ArrayView<float> _sum;
    private readonly ArrayView<float> _lanes0;
    private readonly ArrayView<float> _lanes1;
    private readonly ArrayView<float> _lanes2;
    private readonly ArrayView<float> _lanes3;
    private readonly ArrayView<float> _out0;
    private readonly ArrayView<float> _out1;
    private readonly ArrayView<float> _out2;
    private readonly ArrayView<float> _out3;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private LaneTiles(AttentionInput<TElement> input)
    {
        _input = input;
        _tile = new LaneTile<TCache, TElement>(input);
        _max = LocalMemory.Allocate<float>(AttentionBlock.MaxQueries);
        _sum = LocalMemory.Allocate<float>(AttentionBlock.MaxQueries);
        _lanes0 = LocalMemory.Allocate<float>(Lanes);
        _lanes1 = LocalMemory.Allocate<float>(Lanes);
        _lanes2 = LocalMemory.Allocate<float>(Lanes);
        _lanes3 = LocalMemory.Allocate<float>(Lanes);
        _out0 = LocalMemory.Allocate<float>(Lanes);
        _out1 = LocalMemory.Allocate<float>(Lanes);
        _out2 = LocalMemory.Allocate<float>(Lanes);
        _out3 = LocalMemory.Allocate<float>(Lanes);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    static LaneTiles<TCache, TElement> IAttentionTiles<LaneTiles<TCache, TElement>, TElement>.Create(
        AttentionInput<TElement> input) => new(input);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public void Attend(AttentionBlock block, AttentionOutput output)
    {
        int queries = block.Queries.Tokens * _input.Group;
        Begin(block, output, queries);
        for (int tile = block.FirstTile; tile < block.EndTile; tile++)
        {
            _tile.Load(block, tile);
            for (int query = 0; query < queries; query += 4)
            {
                // Queries past the end repeat the last one, all four being read before any is written.
                Take(
                    block, output, tile, query, IntrinsicMath.Min(query + 1, queries - 1),
                    IntrinsicMath.Min(query + 2, queries - 1), IntrinsicMath.Min(query + 3, queries - 1));
            }
        }

        Finish(block, output, queries);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private long OutputAt(AttentionOutput output, int query) =>
        output.At + ((long)(query / _input.Group) * output.TokenStride) + (query % _input.Group * output.HeadStride);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private long QueryAt(AttentionBlock block, int query) =>
        ((long)(block.Queries.FirstToken + (query / _input.Group)) * _input.QueryStride)
        + (((block.KvHead * _input.Group) + (query % _input.Group)) * _input.HeadDim);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private void Begin(AttentionBlock block, AttentionOutput output, int queries)
    {
        for (int query = 0; query < queries; query++)
        {
            _max[query] = AttentionScore.Masked;
            _sum[query] = 0;
            long at = OutputAt(output, query);
            for (int d = 0; d < _input.HeadDim; d++)
            {
                output.View[at + d] = 0;
            }
        }
    }

    /// <summary>Takes the loaded tile into four queries.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private void Take(AttentionBlock block, AttentionOutput output, int tile, int query0, int query1, int query2, int query3)
    {
        Score(QueryAt(block, query0), QueryAt(block, query1), QueryAt(block, query2), QueryAt(block, query3));
        float max0 = _max[query0], sum0 = _sum[query0];
        float max1 = _max[query1], sum1 = _sum[query1];
        float max2 = _max[query2], sum2 = _sum[query2];
        float max3 = _max[query3], sum3 = _sum[query3];
        float keep0 = Weigh(ref max0, ref sum0, _lanes0, block, tile, query0);
        float keep1 = Weigh(ref max1, ref sum1, _lanes1, block, tile, query1);
        float keep2 = Weigh(ref max2, ref sum2, _lanes2, block, tile, query2);
        float keep3 = Weigh(ref max3, ref sum3, _lanes3, block, tile, query3);
        (_max[query0], _sum[query0]) = (max0, sum0);
        (_max[query1], _sum[query1]) = (max1, sum1);
        (_max[query2], _sum[query2]) = (max2, sum2);
        (_max[query3], _sum[query3]) = (max3, sum3);
        Add(
            output.View, OutputAt(output, query0), OutputAt(output, query1), OutputAt(output, query2), OutputAt(output, query3),
            keep0, keep1, keep2, keep3);
    }

    /// <summary>lanes[i] = query · key i.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private void Score(long at0, long at1, long at2, long at3)
    {
        for (int lane = 0; lane < Lanes; lane++)
        {
            _lanes0[lane] = 0;
            _lanes1[lane] = 0;
            _lanes2[lane] = 0;
            _lanes3[lane] = 0;
        }

        for (int d = 0; d < _input.HeadDim; d++)
        {
            float x0 = _input.Qkv[at0 + d];
            float x1 = _input.Qkv[at1 + d];
            float x2 = _input.Qkv[at2 + d];
            float x3 = _input.Qkv[at3 + d];
            for (int lane = 0; lane < Lanes; lane++)
            {
                float key = _tile.Keys[(d * Lanes) + lane];
                _lanes0[lane] += x0 * key;
                _lanes1[lane] += x1 * key;
                _lanes2[lane] += x2 * key;
                _lanes3[lane] += x3 * key;
            }
        }
    }

    /// <summary>Scores become weights.</summary>
    /// <returns>What the outputs so far are to be multiplied with.</returns>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private float Weigh(ref float max, ref float sum, ArrayView<float> lanes, AttentionBlock block, int tile, int query)
    {
        int position = block.Queries.Position + (query / _input.Group);
        // Visible lanes, those of positions − W + 1 to position.
        int last = position - (tile * Lanes);
        int first = last - _input.Window + 1;
        float before = max;
        for (int lane = 0; lane < Lanes; lane++)
        {
            float score = lane >= first && lane <= last ? lanes[lane] * _input.Scale : AttentionScore.Masked;
            lanes[lane] = score;
            max = score > max ? score : max;
        }

        for (int lane = 0; lane < Lanes; lane++)
        {
            float score = lanes[lane];
            lanes[lane] = score > AttentionScore.Masked ? SoftmaxExp.Of(score - max) : 0;
        }

        float added = 0;
        for (int lane = 0; lane < Lanes; lane++)
        {
            added += lanes[lane];
        }

        float keep = SoftmaxExp.Of(before - max);
        sum = (sum * keep) + added;
        return keep;
    }

    /// <summary>output = output × keep + Σ weight i × value i.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private void Add(
        ArrayView<float> output, long at0, long at1, long at2, long at3, float keep0, float keep1, float keep2, float keep3)
    {
        int headDim = _input.HeadDim;
        for (int d = 0; d < headDim; d += Lanes)
        {
            for (int lane = 0; lane < Lanes; lane++)
            {
                _out0[lane] = output[at0 + d + lane] * keep0;
                _out1[lane] = output[at1 + d + lane] * keep1;
                _out2[lane] = output[at2 + d + lane] * keep2;
                _out3[lane] = output[at3 + d + lane] * keep3;
            }

            for (int key = 0; key < Lanes; key++)
            {
                float weight0 = _lanes0[key];
                float weight1 = _lanes1[key];
                float weight2 = _lanes2[key];
                float weight3 = _lanes3[key];
                for (int lane = 0; lane < Lanes; lane++)
                {
                    float value = _tile.Values[(key * headDim) + d + lane];
                    _out0[lane] += weight0 * value;
                    _out1[lane] += weight1 * value;
                    _out2[lane] += weight2 * value;
                    _out3[lane] += weight3 * value;
                }
            }

            for (int lane = 0; lane < Lanes; lane++)
            {
                output[at0 + d + lane] = _out0[lane];
                output[at1 + d + lane] = _out1[lane];
                output[at2 + d + lane] = _out2[lane];
                output[at3 + d + lane] = _out3[lane];
            }
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private void Finish(AttentionBlock block, AttentionOutput output, int queries)
    {
        for (int query = 0; query < queries; query++)
        {
            long at = OutputAt(output, query);
            if (output.IsPart)
            {
                output.View[at + _input.HeadDim] = _max[query];
                output.View[at + _input.HeadDim + 1] = _sum[query];
            }
            else
            {
                float norm = 1 / _sum[query];
                for (int d = 0; d < _input.HeadDim; d++)
                {
                    output.View[at + d] *= norm;
                }
            }
        }
    }
}
