using ILGPU;
using Mistral.Ilgpu.Execution.Buffers;
using Mistral.Ilgpu.Execution.Passes;
using Mistral.Ilgpu.Planning;

namespace Mistral.Ilgpu.Execution.Families;

/// <summary>Attention by waves. The form depends on how the cache is read, and on the head size.</summary>
internal partial class WaveKernels
{
    private interface IWaveUse
    {
        Launch In<TEight, TElement, TBits, TRoom>(AttentionInput<TElement> input)
            where TEight : struct, IEightFormat<TElement, TBits>
            where TElement : unmanaged
            where TBits : unmanaged
            where TRoom : struct, IHeadRoom;
    }

    private protected override Launch AttendPrompts<TCache, TElement>(
        AttentionInput<TElement> input, KvLayer cache, Activation output, OutputForms forms) =>
        HasWaveTiles ? ByCache(input, cache, new WavePrompts(this)) : base.AttendPrompts<TCache, TElement>(input, cache, output, forms);

    private protected override Launch AttendDecoded<TCache, TElement>(
        AttentionInput<TElement> input, KvLayer cache, ArrayView<ulong> frequencies, ArrayView<float> parts, Activation output,
        OutputForms forms) => HasWaveTiles
        ? ByCache(input, cache, new WaveDecoded(this, cache, frequencies, parts, forms.Int8 ? Room(output).Packed : null))
        : base.AttendDecoded<TCache, TElement>(input, cache, frequencies, parts, output, forms);

    private static Launch ByCache<TElement>(AttentionInput<TElement> input, KvLayer cache, IWaveUse use)
        where TElement : unmanaged
    {
        return cache.Format switch
        {
            TensorFormat.Float32 => ByHead<EightFloats, float, Eight>((AttentionInput<float>)(object)input),
            TensorFormat.BFloat16 => ByHead<EightBFloats, ushort, Pack>((AttentionInput<ushort>)(object)input),
            TensorFormat.Float16 => ByHead<EightHalves, ushort, Pack>((AttentionInput<ushort>)(object)input),
            _ => ByHead<EightQuants, sbyte, EightBytes>((AttentionInput<sbyte>)(object)input),
        };

        Launch ByHead<TEight, TOf, TBits>(AttentionInput<TOf> of)
            where TEight : struct, IEightFormat<TOf, TBits>
            where TOf : unmanaged
            where TBits : unmanaged => of.HeadDim <= 128
            ? use.In<TEight, TOf, TBits, HeadOf128>(of)
            : use.In<TEight, TOf, TBits, HeadOf256>(of);
    }

    private sealed record WavePrompts(WaveKernels Kernels) : IWaveUse
    {
        Launch IWaveUse.In<TEight, TElement, TBits, TRoom>(AttentionInput<TElement> input) => Kernels.Launcher(
            new AttendWave<TEight, TElement, TBits, TRoom>(input),
            pass => new KernelConfig(
                new Index3D(input.KvHeads, pass.QueryTiles, 1), new Index3D(WaveForms.GroupSize, 1, 1)));
    }

    private sealed record WaveDecoded(
        WaveKernels Kernels, KvLayer Cache, ArrayView<ulong> Frequencies, ArrayView<float> Parts, PackedInput? Packed) : IWaveUse
    {
        Launch IWaveUse.In<TEight, TElement, TBits, TRoom>(AttentionInput<TElement> input) =>
            Kernels.Launcher(
                new DecodeAttendWave<TEight, TElement, TBits, TRoom>(input, Frequencies, Parts),
                pass => new KernelConfig(
                    Kernels.SplitGrid(pass, Cache, input.KvHeads), new Index3D(WaveForms.GroupSize, 1, 1)))
            + Kernels.Launcher(
                new MergeWave<TEight, TElement, TBits>(input, Frequencies, Parts, Packed.GetValueOrDefault()),
                pass => new KernelConfig(
                    new Index3D(input.KvHeads, pass.DecodeCount, 1), new Index3D(WaveForms.GroupSize, 1, 1)));
    }
}
