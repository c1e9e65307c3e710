using ILGPU;
using Mistral.Ilgpu.Execution.Buffers;
using Mistral.Ilgpu.Execution.Passes;

namespace Mistral.Ilgpu.Execution.Families;

/// <summary>Attention of prompts by waves. The form depends on how the cache is read, and on the head size.</summary>
internal partial class WaveKernels
{
    private protected override Launch AttendPrompts<TCache, TElement>(AttentionInput<TElement> input, KvLayer cache)
    {
        return !HasWaveTiles ? base.AttendPrompts<TCache, TElement>(input, cache) : cache.Format switch
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
            ? In<TEight, TOf, TBits, HeadOf128>(of)
            : In<TEight, TOf, TBits, HeadOf256>(of);

        Launch In<TEight, TOf, TBits, TRoom>(AttentionInput<TOf> of)
            where TEight : struct, IEightFormat<TOf, TBits>
            where TOf : unmanaged
            where TBits : unmanaged
            where TRoom : struct, IHeadRoom => Launcher(
            new AttendWave<TEight, TOf, TBits, TRoom>(of),
            pass => new KernelConfig(
                new Index3D(of.KvHeads, pass.QueryTiles, 1), new Index3D(WaveForms.GroupSize, 1, 1)));
    }
}
