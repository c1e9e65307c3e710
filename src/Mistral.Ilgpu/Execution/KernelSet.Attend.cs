using ILGPU;
using ILGPU.Runtime;
using Mistral.Ilgpu.Checkpoints;
using Mistral.Ilgpu.Kernels;
using Mistral.Ilgpu.Planning;

namespace Mistral.Ilgpu.Execution;

/// <summary>Attention with its rotary positions and its cache.</summary>
public sealed partial class KernelSet
{
    /// <summary>See <see cref="Planning.Attend"/>. Decoded tokens have forms of their own, so that what a prompt's tokens sum does not depend on them, nor they on it.</summary>
    /// <param name="qkv">Queries, keys and values of the pass; queries and keys are turned in place.</param>
    /// <param name="frequencies">See <see cref="Rotary"/>.</param>
    /// <param name="parts">Room for <see cref="AttentionShape.PartFloats"/> of each decoded token, zeros before the first.</param>
    /// <param name="makesInt8">See <see cref="Planning.Attend.MakesInt8"/>.</param>
    public Launch Attend(
        string name, Activation qkv, KvLayer cache, ArrayView<ulong> frequencies, ArrayView<float> parts, Activation output, AttentionShape shape,
        bool makesInt8 = false)
    {
        int run = cache.Format == TensorFormat.Q8_0 ? TileLayout.Run : TileLayout.Length;
        Require(shape.PaddedHeadDim % run == 0 && shape.PaddedHeadDim <= 256, name, $"a head size that is a multiple of {run}, at most 256", $"{shape.PaddedHeadDim}");
        Require(shape.Group <= LaunchPlan.MostQueriesPerTile, name, $"at most {LaunchPlan.MostQueriesPerTile} heads to a kv head", $"{shape.Group}");
        Require(qkv.Columns == shape.QkvColumns, name, $"{shape.QkvColumns} columns of queries, keys and values", $"{qkv.Columns}");
        Require(output.Columns == shape.AttendedColumns, name, $"{shape.AttendedColumns} outputs", $"{output.Columns}");
        return cache.Format switch
        {
            TensorFormat.Float32 => Attend<Float32, float>(qkv, cache, frequencies, parts, output, shape, makesInt8),
            TensorFormat.BFloat16 => Attend<BFloat16, ushort>(qkv, cache, frequencies, parts, output, shape, makesInt8),
            TensorFormat.Float16 => Attend<Float16, ushort>(qkv, cache, frequencies, parts, output, shape, makesInt8),
            TensorFormat.Q8_0 => Attend<Int8Cache, sbyte>(qkv, cache, frequencies, parts, output, shape, makesInt8),
            _ => throw new ArgumentOutOfRangeException(nameof(cache), cache.Format, "no format of a cache"),
        };
    }

    /// <summary>See <see cref="Narrow"/>.</summary>
    public Launch NarrowHeads(string name, Activation input, Activation output, AttentionShape shape)
    {
        Require(input.Columns == shape.AttendedColumns, name, $"{shape.AttendedColumns} columns of padded heads", $"{input.Columns}");
        Require(output.Columns == shape.OutputColumns, name, $"{shape.OutputColumns} outputs", $"{output.Columns}");
        return Launcher(
            new NarrowHeads(state, input.View, output.View, shape.Heads, shape.HeadDim, shape.PaddedHeadDim, input.Stride, output.Stride),
            pass => _plan.Elements((long)pass.TokenCount * shape.OutputColumns));
    }

    private Launch Attend<TCache, TElement>(
        Activation qkv, KvLayer cache, ArrayView<ulong> frequencies, ArrayView<float> parts, Activation output, AttentionShape shape, bool makesInt8)
        where TCache : struct, ICacheFormat<TElement>
        where TElement : unmanaged
    {
        var input = new AttentionInput<TElement>(
            state, qkv.View, output.View, cache.Ring.As<TElement>(), cache.Fresh.As<TElement>(), cache.Table,
            shape.Heads, shape.KvHeads, new Divisor(shape.PaddedHeadDim), cache.Window, qkv.Stride, output.Stride, 1 / MathF.Sqrt(shape.HeadDim), _plan.SplitTiles);
        var prefill = Prefill<TCache, TElement>(input, cache, frequencies);
        var decode = Decode<TCache, TElement>(input, cache, frequencies, parts, output, makesInt8);
        return new Launch(
            pass =>
            {
                if (pass.PrefillCount > 0)
                {
                    prefill.Run(pass);
                }

                if (pass.DecodeCount > 0)
                {
                    decode.Run(pass);
                }
            },
            decode.Links(isSplit: false),
            decode.Links(isSplit: true));
    }

    private Launch Prefill<TCache, TElement>(AttentionInput<TElement> input, KvLayer cache, ArrayView<ulong> frequencies)
        where TCache : struct, ICacheFormat<TElement>
        where TElement : unmanaged
    {
        var attend = _plan.Family switch
        {
            KernelFamily.Cuda when _plan.AttendsOnTensorCores(cache.Format) => TensorPrefill(InWords(input), cache),
            KernelFamily.Gpu or KernelFamily.Cuda => (int)input.HeadDim switch
            {
                <= 64 => Groups<HeadOf64>(),
                <= 128 => Groups<HeadOf128>(),
                _ => Groups<HeadOf256>(),
            },
            KernelFamily.CpuAccelerator => Rows<VectorTiles<TCache, TElement>>(),
            _ => Rows<LaneTiles<TCache, TElement>>(),
        };
        int tileElements = TileLayout.Length * input.KvHeads * input.HeadDim;
        var store = Launcher(
            new StoreKv<TCache, TElement>(input, cache.RingLength),
            pass => _plan.Elements((long)pass.FreshTiles * tileElements));
        return Rope<TCache, TElement>(input, frequencies, RowSet.Prefill) + attend + store;

        Launch Groups<TRoom>()
            where TRoom : struct, IHeadRoom => Launcher(
            new AttendGroup<TCache, TElement, TRoom>(input),
            pass => new KernelConfig(new Index3D(input.KvHeads, pass.QueryTiles, 1), new Index3D(_plan.ReductionGroup, 1, 1)));

        Launch Rows<TTiles>()
            where TTiles : struct, IAttentionTiles<TTiles, TElement> =>
            Launcher(new AttendRow<TTiles, TElement>(input), pass => _plan.Coarse((long)pass.QueryTiles * input.KvHeads));
    }

    private Launch Decode<TCache, TElement>(
        AttentionInput<TElement> input, KvLayer cache, ArrayView<ulong> frequencies, ArrayView<float> parts, Activation output, bool makesInt8)
        where TCache : struct, ICacheFormat<TElement>
        where TElement : unmanaged
    {
        var rope = new Rope<TCache, TElement>(input, frequencies, RowRange.Decode);
        var merge = new MergeSplits(input.State, parts, input.Output, input.Heads, input.HeadDim, input.Window, input.OutputStride, input.SplitTiles);

        int Splits(Pass pass)
        {
            int most = 0;
            for (int i = 0; i < pass.DecodeCount; i++)
            {
                most = Math.Max(most, DecodeSplits.Count(pass.Spans[i].StartPosition, cache.Window, input.SplitTiles));
            }

            return most;
        }

        return _plan.Family switch
        {
            KernelFamily.Cuda when _plan.AttendsOnTensorCores(cache.Format) && input.Group <= TensorForms.MostDecodeHeads =>
                TensorDecode(InWords(input), cache, frequencies, parts, output, makesInt8),
            KernelFamily.Gpu or KernelFamily.Cuda => (int)input.HeadDim switch
            {
                <= 64 => Groups<HeadOf64>(),
                <= 128 => Groups<HeadOf128>(),
                _ => Groups<HeadOf256>(),
            },
            KernelFamily.CpuAccelerator => Rows<VectorTiles<TCache, TElement>>(),
            _ => Rows<LaneTiles<TCache, TElement>>(),
        };

        Launch Groups<TRoom>()
            where TRoom : struct, IHeadRoom => Rope<TCache, TElement>(input, frequencies, RowSet.Decode) + Launcher(
            new DecodeAttendGroup<TCache, TElement, TRoom>(input, parts),
            pass => new KernelConfig(SplitGrid(pass, cache, input.KvHeads), new Index3D(_plan.ReductionGroup, 1, 1))) + Merge();

        Launch Merge() => Launcher(
            merge,
            pass => _plan.Elements((long)pass.DecodeCount * input.Heads * input.HeadDim));

        Launch Rows<TTiles>()
            where TTiles : struct, IAttentionTiles<TTiles, TElement>
        {
            var whole = new RopeDecodeAttend<TTiles, TCache, TElement>(input, frequencies);
            var split = new DecodeAttendRow<TTiles, TElement>(input, parts);
            var one = Launcher(whole, pass => _plan.Coarse((long)pass.DecodeCount * input.KvHeads));
            // Short texts never need these: they are compiled when one grows long.
            var many = new Lazy<Launch>(() => Rope<TCache, TElement>(input, frequencies, RowSet.Decode)
                + Launcher(split, pass => _plan.Coarse((long)pass.DecodeCount * input.KvHeads * Splits(pass))) + Merge());
            return new Launch(pass => (Splits(pass) == 1 ? one : many.Value).Run(pass), [whole], [rope, split, merge]);
        }
    }

    // A group for each split that a text of the pass may have, kv head and token.
    private Index3D SplitGrid(Pass pass, KvLayer cache, int kvHeads) =>
        new(Math.Min(pass.DecodeRoom(_plan.SplitTiles), DecodeSplits.Room(cache.Window, _plan.SplitTiles)), kvHeads, pass.DecodeCount);

    private Launch Rope<TCache, TElement>(AttentionInput<TElement> input, ArrayView<ulong> frequencies, RowSet rows)
        where TCache : struct, ICacheFormat<TElement>
        where TElement : unmanaged => Launcher(
        new Rope<TCache, TElement>(input, frequencies, rows.Range),
        pass => _plan.Elements((long)rows.Count(pass) * (input.Heads + (2 * input.KvHeads)) * input.HeadDim / TileLayout.Length));
}
