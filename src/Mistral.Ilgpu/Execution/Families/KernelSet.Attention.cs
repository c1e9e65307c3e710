using ILGPU;
using Mistral.Ilgpu.Execution.Buffers;
using Mistral.Ilgpu.Execution.Passes;
using Mistral.Ilgpu.Planning;

namespace Mistral.Ilgpu.Execution.Families;

/// <summary>The part of attention that all devices share: rotary positions before it, storing to the rings after it.</summary>
internal abstract partial class KernelSet
{
    /// <summary>Attention of prompts, over rings and fresh keys.</summary>
    private protected abstract Launch AttendPrompts<TCache, TElement>(
        AttentionInput<TElement> input, KvLayer cache, Activation output, OutputForms forms)
        where TCache : struct, ICacheFormat<TElement>
        where TElement : unmanaged;

    /// <summary>Attention of decoded tokens. Includes their rotary positions and storing their keys and values to the
    /// rings.</summary>
    private protected abstract Launch AttendDecoded<TCache, TElement>(
        AttentionInput<TElement> input, KvLayer cache, ArrayView<ulong> frequencies,
        ArrayView<float> parts, Activation output, OutputForms forms)
        where TCache : struct, ICacheFormat<TElement>
        where TElement : unmanaged;

    /// <summary>Attention of prompts by work items that each take a tile of queries.</summary>
    private protected Launch PromptRows<TTiles, TElement>(AttentionInput<TElement> input)
        where TTiles : struct, IAttentionTiles<TTiles, TElement>
        where TElement : unmanaged =>
        Launcher(new AttendRow<TTiles, TElement>(input), pass => Family.Coarse((long)pass.QueryTiles * input.KvHeads));

    /// <summary>Attention of decoded tokens. Each work item takes a kv head, or a split of its keys in long texts.</summary>
    private protected Launch DecodedRows<TTiles, TCache, TElement>(
        AttentionInput<TElement> input, KvLayer cache, ArrayView<ulong> frequencies, ArrayView<float> parts)
        where TTiles : struct, IAttentionTiles<TTiles, TElement>
        where TCache : struct, ICacheFormat<TElement>
        where TElement : unmanaged
    {
        var whole = new RopeDecodeAttend<TTiles, TCache, TElement>(input, frequencies);
        var split = new DecodeAttendRow<TTiles, TElement>(input, parts);
        var one = Launcher(whole, pass => Family.Coarse((long)pass.DecodeCount * input.KvHeads));
        // Short texts never need these, so they are compiled when a text is long enough.
        var many = Later(() => Rope<TCache, TElement>(input, frequencies, RowSet.Decode)
            + Launcher(split, pass => Family.Coarse((long)pass.DecodeCount * input.KvHeads * Splits(pass)))
            + Merge(input, parts));
        return new Launch(
            pass => (Splits(pass) == 1 ? one : many.Value).Run(pass),
            [whole],
            [new Rope<TCache, TElement>(input, frequencies, RowRange.Decode), split, MergeOf(input, parts)]);

        int Splits(Pass pass)
        {
            int most = 0;
            for (int i = 0; i < pass.DecodeCount; i++)
            {
                most = Math.Max(most, DecodeSplits.Count(pass.Spans[i].StartPosition, cache.Window, input.SplitTiles));
            }

            return most;
        }
    }

    private protected virtual Launch Rope<TCache, TElement>(AttentionInput<TElement> input, ArrayView<ulong> frequencies, RowSet rows)
        where TCache : struct, ICacheFormat<TElement>
        where TElement : unmanaged => Launcher(
        new Rope<TCache, TElement>(input, frequencies, rows.Range),
        pass => Family.Elements(
            (long)rows.Count(pass) * (input.Heads + (2 * input.KvHeads)) * input.HeadDim / TileLayout.Length));

    private protected virtual Launch Store<TCache, TElement>(AttentionInput<TElement> input, int ring)
        where TCache : struct, ICacheFormat<TElement>
        where TElement : unmanaged
    {
        int tileElements = TileLayout.Length * input.KvHeads * input.HeadDim;
        return Launcher(
            new StoreKv<TCache, TElement>(input, ring), pass => Family.Elements((long)pass.FreshTiles * tileElements));
    }

    private protected virtual Launch Merge<TElement>(AttentionInput<TElement> input, ArrayView<float> parts)
        where TElement : unmanaged => Launcher(
        MergeOf(input, parts), pass => Family.Elements((long)pass.DecodeCount * input.Heads * input.HeadDim));

    private static MergeSplits MergeOf<TElement>(AttentionInput<TElement> input, ArrayView<float> parts)
        where TElement : unmanaged => new(
        input.State, parts, input.Output, input.Heads, input.HeadDim, input.Window, input.OutputStride, input.SplitTiles);

    private Launch Attend<TCache, TElement>(
        Activation qkv, KvLayer cache, ArrayView<ulong> frequencies,
        ArrayView<float> parts, Activation output, AttentionShape shape, OutputForms forms)
        where TCache : struct, ICacheFormat<TElement>
        where TElement : unmanaged
    {
        var input = new AttentionInput<TElement>(
            State, qkv.View, output.View, cache.Ring.As<TElement>(), cache.Fresh.As<TElement>(), cache.Table,
            shape.Heads, shape.KvHeads, new Divisor(shape.PaddedHeadDim), cache.Window, qkv.Stride, output.Stride,
            shape.ScoreScale, Family.SplitTiles);
        var prefill = Rope<TCache, TElement>(input, frequencies, RowSet.Prefill)
            + AttendPrompts<TCache, TElement>(input, cache, output, forms)
            + Store<TCache, TElement>(input, cache.RingLength);
        var decode = AttendDecoded<TCache, TElement>(input, cache, frequencies, parts, output, forms);
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
}
