using ILGPU;
using Mistral.Ilgpu.Execution.Buffers;
using Mistral.Ilgpu.Execution.Passes;
using Mistral.Ilgpu.Planning;

namespace Mistral.Ilgpu.Execution.Families;

/// <summary>Attention on tensor cores. The form depends on the head size (see <see cref="TensorForms"/>).</summary>
internal sealed partial class CudaKernels
{
    private interface ITensorHeadUse
    {
        Launch In<THead, TScores>()
            where THead : struct, ITensorHead
            where TScores : struct, ITensorScores;
    }

    private protected override Launch AttendPrompts<TCache, TElement>(
        AttentionInput<TElement> input, KvLayer cache, Activation output, OutputForms forms) =>
        Cuda.AttendsOver(cache.Format)
            ? ByHead(input.HeadDim, cache.Format, PromptsOf(InWords(input), cache, output, forms))
            : base.AttendPrompts<TCache, TElement>(input, cache, output, forms);

    private protected override Launch AttendDecoded<TCache, TElement>(
        AttentionInput<TElement> input, KvLayer cache, ArrayView<ulong> frequencies, ArrayView<float> parts, Activation output,
        OutputForms forms)
    {
        if (Cuda.AttendsOver(cache.Format) && input.Group <= TensorForms.MostDecodeHeads)
        {
            return ByHead(input.HeadDim, cache.Format, new TensorDecoded(
                this, InWords(input), cache, frequencies, parts, forms.Int8 ? Room(output).Packed : null));
        }

        if (Int8Attention.IsFor(Device.Info, cache.Format, input.HeadDim)
            && Int8Attention.Of(Device)?.Attends(input.HeadDim) == true)
        {
            var quants = (AttentionInput<sbyte>)(object)input;
            return input.HeadDim == 64
                ? DecodedQuants<RunPair>(quants, cache, frequencies, parts, PackedOf(output, forms))
                : DecodedQuants<TwoRunPairs>(quants, cache, frequencies, parts, PackedOf(output, forms));
        }

        var decoded = base.AttendDecoded<TCache, TElement>(input, cache, frequencies, parts, output, forms);
        // Where the form that would make them has failed its test.
        return forms.Int8 ? decoded + Pack(output, RowSet.Decode) : decoded;
    }

    private Launch DecodedQuants<THead>(
        AttentionInput<sbyte> input, KvLayer cache, ArrayView<ulong> frequencies, ArrayView<float> parts, PackedInput packed)
        where THead : struct, IQuantHead => Launcher(
        new DecodeAttendQuants<THead>(input, cache.QuantAddresses, frequencies, parts, packed),
        pass => new KernelConfig(
            SplitGrid(pass, cache, input.KvHeads * TensorForms.QuantBlocks(input.Group)),
            new Index3D(TensorForms.QuantGroup, 1, 1)));

    private static AttentionInput<ushort> InWords<TElement>(AttentionInput<TElement> input)
        where TElement : unmanaged => (AttentionInput<ushort>)(object)input;

    // Longer heads leave fewer registers for scores.
    private static Launch ByHead(int headDim, TensorFormat cache, ITensorHeadUse use)
    {
        return cache == TensorFormat.BFloat16 ? In<BFloat16Tensor>() : In<Float16Tensor>();

        Launch In<TFormat>()
            where TFormat : struct, ITensorFormat => headDim switch
            {
                <= 64 => use.In<TwoParts<TwoParts<HeadRun<TFormat>>>, TwoScores<TwoScores<KeyScores>>>(),
                <= 128 => use.In<TwoParts<TwoParts<TwoParts<HeadRun<TFormat>>>>, TwoScores<TwoScores<KeyScores>>>(),
                _ => use.In<TwoParts<TwoParts<TwoParts<TwoParts<HeadRun<TFormat>>>>>, KeyScores>(),
            };
    }

    private ITensorHeadUse PromptsOf(AttentionInput<ushort> input, KvLayer cache, Activation output, OutputForms forms)
    {
        return forms.Rounded switch
        {
            null => new TensorPrompts<FloatOutput>(this, input, cache),
            TensorFormat.BFloat16 => Rounded<BFloat16Tensor>(),
            _ => Rounded<Float16Tensor>(),
        };

        ITensorHeadUse Rounded<TTensor>()
            where TTensor : struct, ISplitFormat =>
            new TensorPrompts<RoundedOutput<TTensor>>(this, input with { Output = RoundedOf(output) }, cache);
    }

    private sealed record TensorPrompts<TOutput>(CudaKernels Kernels, AttentionInput<ushort> Input, KvLayer Cache) : ITensorHeadUse
        where TOutput : struct, IAttendOutput
    {
        Launch ITensorHeadUse.In<THead, TScores>()
        {
            var warpgroups = WarpgroupAttention.Of(Kernels.Device);
            if (Cache.Format == TensorFormat.BFloat16
                ? warpgroups?.Attends<BFloat16Tensor>(Input.HeadDim) == true
                : warpgroups?.Attends<Float16Tensor>(Input.HeadDim) == true)
            {
                return Cache.Format == TensorFormat.BFloat16 ? ByWarpgroups<BFloat16Tensor>() : ByWarpgroups<Float16Tensor>();
            }

            // Tiles of queries may be those of warpgroups.
            int parts = LaunchShape.Groups(
                Kernels.Family.QueriesPerTile(Cache.Format) / Input.Group, TensorForms.PromptQueries / Input.Group);
            return Kernels.Launcher(
                new AttendTensor<THead, TScores, TOutput>(Input, Cache.Addresses),
                pass => new KernelConfig(
                    new Index3D(Input.KvHeads, pass.QueryTiles, parts), new Index3D(TensorForms.PromptGroup, 1, 1)));
        }

        private Launch ByWarpgroups<TFormat>()
            where TFormat : struct, ITensorFormat => Kernels.Launcher(
                new AttendWarpgroup<TFormat, TOutput>(Input, Cache.Addresses),
                pass => WarpgroupAttention.Shape(Input.KvHeads, pass.QueryTiles));
    }

    private sealed record TensorDecoded(
        CudaKernels Kernels, AttentionInput<ushort> Input, KvLayer Cache, ArrayView<ulong> Frequencies, ArrayView<float> Parts,
        PackedInput? Packed)
        : ITensorHeadUse
    {
        Launch ITensorHeadUse.In<THead, TScores>() => Kernels.Launcher(
            new DecodeAttendTensor<THead>(Input, Cache.Addresses, Frequencies, Parts, Packed.GetValueOrDefault()),
            pass => new KernelConfig(
                Kernels.SplitGrid(pass, Cache, Input.KvHeads), new Index3D(TensorForms.DecodeGroup(Input.HeadDim), 1, 1)));
    }
}
