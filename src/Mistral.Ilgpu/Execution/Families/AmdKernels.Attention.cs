using ILGPU;
using Mistral.Ilgpu.Execution.Buffers;
using Mistral.Ilgpu.Execution.Compilation;
using Mistral.Ilgpu.Execution.Passes;
using Mistral.Ilgpu.Kernels.Attention.Amd;
using Mistral.Ilgpu.Kernels.Hardware.Amd;
using Mistral.Ilgpu.Kernels.Hardware.Waves;
using Mistral.Ilgpu.Planning;

namespace Mistral.Ilgpu.Execution.Families;

/// <summary>
/// Attention of prompts on matrix cores. The form depends on the compiler, on how the cache is read, and on the head size.
/// Without matrix cores, for long heads and for a cache of float32, whose products are not rounded, it is that of waves.
/// </summary>
internal sealed partial class AmdKernels
{
    private protected override Launch AttendPrompts<TCache, TElement>(
        AttentionInput<TElement> input, KvLayer cache, Activation output, OutputForms forms)
    {
        return cache.Format switch
        {
            _ when !AttendsOver(cache.Format, input.HeadDim) => base.AttendPrompts<TCache, TElement>(input, cache, output, forms),
            TensorFormat.BFloat16 => On<BFloat16Pairs, HalfPieces, ushort, Pack>((AttentionInput<ushort>)(object)input),
            TensorFormat.Float16 => On<Float16Pairs, HalfPieces, ushort, Pack>((AttentionInput<ushort>)(object)input),
            _ => On<Float16Pairs, QuantPieces, sbyte, EightBytes>((AttentionInput<sbyte>)(object)input),
        };

        Launch On<TPairs, TPieces, TOf, TBits>(AttentionInput<TOf> of)
            where TPairs : struct, IPairFormat
            where TPieces : struct, IPieceFormat<TOf, TBits>
            where TOf : unmanaged
            where TBits : unmanaged
        {
            var waves = Device.Info.Waves;
            return waves.HasFlag(WaveFeatures.Mfma) ? ByHead<Mfma<TPairs>, TPieces, TOf, TBits>(of)
                : waves.HasFlag(WaveFeatures.Wmma12) ? ByHead<Wmma12<TPairs>, TPieces, TOf, TBits>(of)
                : ByHead<Wmma<TPairs>, TPieces, TOf, TBits>(of);
        }

        Launch ByHead<TCore, TPieces, TOf, TBits>(AttentionInput<TOf> of)
            where TCore : struct, IRowCore
            where TPieces : struct, IPieceFormat<TOf, TBits>
            where TOf : unmanaged
            where TBits : unmanaged => of.HeadDim <= 64
            ? In<TCore, TPieces, TOf, TBits, HeadOf64>(of)
            : In<TCore, TPieces, TOf, TBits, HeadOf128>(of);

        Launch In<TCore, TPieces, TOf, TBits, TRoom>(AttentionInput<TOf> of)
            where TCore : struct, IRowCore
            where TPieces : struct, IPieceFormat<TOf, TBits>
            where TOf : unmanaged
            where TBits : unmanaged
            where TRoom : struct, IHeadRoom => Launcher(
            new AttendMatrix<TCore, TPieces, TOf, TBits, TRoom>(of),
            pass => new KernelConfig(
                new Index3D(of.KvHeads, pass.QueryTiles, 1), new Index3D(MatrixForms.GroupSize, 1, 1)));
    }

    private bool AttendsOver(TensorFormat cache, int headDim) => cache != TensorFormat.Float32
        && headDim <= MatrixForms.LongestHead
        && (Device.Info.Waves & (WaveFeatures.Mfma | WaveFeatures.Wmma12 | WaveFeatures.Wmma)) != 0;
}
