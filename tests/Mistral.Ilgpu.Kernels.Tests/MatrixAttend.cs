using ILGPU;
using ILGPU.Runtime;
using Mistral.Ilgpu.Execution.Compilation;
using Mistral.Ilgpu.Execution.Devices;
using Mistral.Ilgpu.Kernels.Attention.Amd;
using Mistral.Ilgpu.Kernels.Hardware.Amd;
using Mistral.Ilgpu.Kernels.Hardware.Waves;
using Mistral.Ilgpu.Planning;

namespace Mistral.Ilgpu.Kernels.Tests;

/// <summary>Launches attention of prompts on matrix cores, picking the core of the device, how the cache is read and the room for
/// the head. A device that names none has RDNA3's.</summary>
internal sealed record MatrixAttend<TElement>(ComputeDevice Device, AttentionInput<TElement> Input, Pass Pass)
    where TElement : unmanaged
{
    public void Launch(TensorFormat format)
    {
        object launches = this;
        switch (format)
        {
            case TensorFormat.BFloat16:
                ((MatrixAttend<ushort>)launches).On<BFloat16Pairs, HalfPieces, Pack>(Device.Info.Waves);
                break;
            case TensorFormat.Float16:
                ((MatrixAttend<ushort>)launches).On<Float16Pairs, HalfPieces, Pack>(Device.Info.Waves);
                break;
            default:
                ((MatrixAttend<sbyte>)launches).On<Float16Pairs, QuantPieces, EightBytes>(Device.Info.Waves);
                break;
        }
    }

    /// <param name="waves">Says whose matrix cores.</param>
    public void On<TPairs, TPieces, TBits>(WaveFeatures waves)
        where TPairs : struct, IPairFormat
        where TPieces : struct, IPieceFormat<TElement, TBits>
        where TBits : unmanaged
    {
        if (waves.HasFlag(WaveFeatures.Mfma))
        {
            Launch<Mfma<TPairs>, TPieces, TBits>();
        }
        else if (waves.HasFlag(WaveFeatures.Wmma12))
        {
            Launch<Wmma12<TPairs>, TPieces, TBits>();
        }
        else
        {
            Launch<Wmma<TPairs>, TPieces, TBits>();
        }
    }

    private void Launch<TCore, TPieces, TBits>()
        where TCore : struct, IRowCore
        where TPieces : struct, IPieceFormat<TElement, TBits>
        where TBits : unmanaged
    {
        if (Input.HeadDim > 64)
        {
            Launch<TCore, TPieces, TBits, HeadOf128>();
        }
        else
        {
            Launch<TCore, TPieces, TBits, HeadOf64>();
        }
    }

    private void Launch<TCore, TPieces, TBits, TRoom>()
        where TCore : struct, IRowCore
        where TPieces : struct, IPieceFormat<TElement, TBits>
        where TBits : unmanaged
        where TRoom : struct, IHeadRoom
    {
        if (Pass.QueryTiles > 0)
        {
            Device.Launch(
                new KernelConfig(new Index3D(Input.KvHeads, Pass.QueryTiles, 1), new Index3D(MatrixForms.GroupSize, 1, 1)),
                new AttendMatrix<TCore, TPieces, TElement, TBits, TRoom>(Input));
        }
    }
}
