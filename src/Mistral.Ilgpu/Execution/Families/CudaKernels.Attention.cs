using ILGPU;
using ILGPU.Runtime;
using Mistral.Ilgpu.Kernels;

namespace Mistral.Ilgpu.Execution.Families;

/// <summary>Attention on tensor cores: which form there is room for a head in, see <see cref="TensorForms"/>.</summary>
internal sealed partial class CudaKernels
{
    private protected override Launch AttendPrompts<TCache, TElement>(AttentionInput<TElement> input, KvLayer cache) =>
        Cuda.AttendsOver(cache.Format) ? AttendPrompts(InWords(input), cache) : base.AttendPrompts<TCache, TElement>(input, cache);

    private protected override Launch AttendDecoded<TCache, TElement>(
        AttentionInput<TElement> input, KvLayer cache, ArrayView<ulong> frequencies, ArrayView<float> parts, Activation output, bool makesInt8) =>
        Cuda.AttendsOver(cache.Format) && input.Group <= TensorForms.MostDecodeHeads
            ? AttendDecoded(InWords(input), cache, frequencies, parts, output, makesInt8)
            : base.AttendDecoded<TCache, TElement>(input, cache, frequencies, parts, output, makesInt8);

    private static AttentionInput<ushort> InWords<TElement>(AttentionInput<TElement> input)
        where TElement : unmanaged => (AttentionInput<ushort>)(object)input;

    private Launch AttendPrompts(AttentionInput<ushort> input, KvLayer cache)
    {
        return cache.Format == TensorFormat.BFloat16 ? In<BFloat16Tensor>() : In<Float16Tensor>();

        Launch In<TFormat>()
            where TFormat : struct, ITensorFormat => (int)input.HeadDim switch
            {
                <= 64 => With<TwoParts<TwoParts<HeadRun<TFormat>>>, TwoScores<TwoScores<KeyScores>>>(),
                <= 128 => With<TwoParts<TwoParts<TwoParts<HeadRun<TFormat>>>>, TwoScores<TwoScores<KeyScores>>>(),
                _ => With<TwoParts<TwoParts<TwoParts<TwoParts<HeadRun<TFormat>>>>>, KeyScores>(),
            };

        Launch With<THead, TScores>()
            where THead : struct, ITensorHead
            where TScores : struct, ITensorScores => Launcher(
            new AttendTensor<THead, TScores>(input, cache.Addresses),
            pass => new KernelConfig(new Index3D(input.KvHeads, pass.QueryTiles, 1), new Index3D(TensorForms.PromptGroup, 1, 1)));
    }

    private Launch AttendDecoded(
        AttentionInput<ushort> input, KvLayer cache, ArrayView<ulong> frequencies, ArrayView<float> parts, Activation output, bool makesInt8)
    {
        var packed = makesInt8 ? Room(output).Packed : null;
        return cache.Format == TensorFormat.BFloat16 ? In<BFloat16Tensor>() : In<Float16Tensor>();

        Launch In<TFormat>()
            where TFormat : struct, ITensorFormat => (int)input.HeadDim switch
            {
                <= 64 => With<TwoParts<TwoParts<HeadRun<TFormat>>>>(),
                <= 128 => With<TwoParts<TwoParts<TwoParts<HeadRun<TFormat>>>>>(),
                _ => With<TwoParts<TwoParts<TwoParts<TwoParts<HeadRun<TFormat>>>>>>(),
            };

        Launch With<THead>()
            where THead : struct, ITensorHead => Launcher(
            new DecodeAttendTensor<THead>(input, cache.Addresses, frequencies, parts, packed.GetValueOrDefault()),
            pass => new KernelConfig(SplitGrid(pass, cache, input.KvHeads), new Index3D(TensorForms.DecodeGroup(input.HeadDim), 1, 1)));
    }
}
