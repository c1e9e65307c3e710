using ILGPU;
using ILGPU.Runtime;
using Mistral.Ilgpu.Checkpoints;
using Mistral.Ilgpu.Kernels;

namespace Mistral.Ilgpu.Execution;

/// <summary>Attention with its rotary positions and its cache.</summary>
public sealed partial class KernelSet
{
    /// <summary>
    /// Turns queries and keys to their positions, attends over the ring and the chunk's own keys, and rotates those into the
    /// ring; for one token on a CPU in one launch.
    /// Operations: 3 per turned element, and 4 × headDim for each query and visible key. Bytes: the projections once, outputs,
    /// each visible key and value once for each group of heads, and those stored.
    /// </summary>
    /// <param name="qkv">Queries, keys and values of the chunk; queries are turned in place.</param>
    /// <param name="frequencies">See <see cref="Rotary"/>.</param>
    public Step Attend(
        string name, Activation qkv, KvLayer cache, ArrayView<ulong> frequencies, Activation output, AttentionShape shape)
    {
        Require(shape.HeadDim % 8 == 0, name, "a head size that is a multiple of 8", $"{shape.HeadDim}");
        Require(qkv.Columns == shape.QkvColumns, name, $"{shape.QkvColumns} columns of queries, keys and values", $"{qkv.Columns}");
        Require(output.Columns == shape.Heads * shape.HeadDim, name, $"{shape.Heads * shape.HeadDim} outputs", $"{output.Columns}");
        return cache.Format switch
        {
            TensorFormat.Float32 => Attend<Float32, float>(name, qkv, cache, frequencies, output, shape),
            TensorFormat.BFloat16 => Attend<BFloat16, ushort>(name, qkv, cache, frequencies, output, shape),
            _ => Attend<Float16, ushort>(name, qkv, cache, frequencies, output, shape),
        };
    }

    private Step Attend<TCache, TElement>(
        string name, Activation qkv, KvLayer cache, ArrayView<ulong> frequencies, Activation output, AttentionShape shape)
        where TCache : struct, IWeightFormat<TElement>
        where TElement : unmanaged
    {
        var (freshKeys, freshValues) = (cache.FreshKeys.Cast<TElement>(), cache.FreshValues.Cast<TElement>());
        var (keys, values) = (cache.Keys.Cast<TElement>(), cache.Values.Cast<TElement>());
        var input = new AttentionInput<TElement>(
            state, qkv.View, freshKeys, freshValues, keys, values, output.View,
            shape.Heads, shape.KvHeads, shape.HeadDim, cache.Slots, qkv.Stride, output.Stride, 1 / MathF.Sqrt(shape.HeadDim));

        var rope = Launcher(
            new Rope<TCache, TElement>(
                state, frequencies, qkv.View, freshKeys, freshValues, shape.Heads, shape.KvHeads, shape.HeadDim, qkv.Stride),
            pass => _plan.Elements((long)pass.TokenCount * shape.QkvColumns / 2));
        var attend = _plan.Family == KernelFamily.Gpu
            ? Launcher(
                new AttendGroup<TCache, TElement>(input),
                pass => new KernelConfig(new Index3D(shape.Heads, pass.TokenCount, 1), new Index3D(LaunchPlan.ReductionGroup, 1, 1)))
            : Launcher(new AttendRow<TCache, TElement>(input), pass => _plan.Coarse((long)pass.TokenCount * shape.Heads));
        var store = Launcher(
            new StoreKv<TElement>(state, freshKeys, freshValues, keys, values, shape.KvColumns, cache.Slots),
            pass => _plan.Elements((long)pass.TokenCount * shape.KvColumns));
        var many = rope + attend + store;
        var one = _plan.Family == KernelFamily.Gpu
            ? many
            : Launcher(new DecodeAttend<TCache, TElement>(input, frequencies), _ => _plan.Coarse(shape.KvHeads));
        return new Step(name, pass => (pass.TokenCount == 1 ? one : many)(pass), pass => AttentionCost(pass, cache, shape));
    }

    private static StepCost AttentionCost(Pass pass, KvLayer cache, AttentionShape shape)
    {
        long visible = 0;
        for (int token = 0; token < pass.TokenCount; token++)
        {
            visible += Math.Min(pass.StartPosition + token + 1, cache.Slots);
        }

        // Keys outside the reach of the chunk's first query are never read.
        long keys = Math.Min(pass.StartPosition, cache.Slots - 1) + pass.TokenCount;
        long stored = Math.Min(pass.TokenCount, cache.Slots);
        long projected = (long)pass.TokenCount * shape.QkvColumns;
        long outputs = (long)pass.TokenCount * shape.Heads * shape.HeadDim;
        return new StepCost(
            ((projected + outputs) * sizeof(float)) + (2 * (keys + stored) * shape.KvColumns * cache.Format.BytesPerElement()),
            (3 * (projected - ((long)pass.TokenCount * shape.KvColumns))) + (4 * visible * shape.Heads * shape.HeadDim));
    }
}
