using ILGPU;
using ILGPU.Runtime;
using Mistral.Ilgpu.Execution.Devices;
using Mistral.Ilgpu.Planning;

namespace Mistral.Ilgpu.Kernels.Tests;

/// <summary>Launches attention of prompts by waves, picking how the cache is read and the room for the head.</summary>
internal sealed record WaveAttend<TElement>(ComputeDevice Device, AttentionInput<TElement> Input, Pass Pass)
    where TElement : unmanaged
{
    public void Launch(TensorFormat format)
    {
        object launches = this;
        switch (format)
        {
            case TensorFormat.Float32:
                ((WaveAttend<float>)launches).Launch<EightFloats, Eight>();
                break;
            case TensorFormat.BFloat16:
                ((WaveAttend<ushort>)launches).Launch<EightBFloats, Pack>();
                break;
            case TensorFormat.Float16:
                ((WaveAttend<ushort>)launches).Launch<EightHalves, Pack>();
                break;
            default:
                ((WaveAttend<sbyte>)launches).Launch<EightQuants, EightBytes>();
                break;
        }
    }

    private void Launch<TEight, TBits>()
        where TEight : struct, IEightFormat<TElement, TBits>
        where TBits : unmanaged
    {
        if (Input.HeadDim > 128)
        {
            Launch<TEight, TBits, HeadOf256>();
        }
        else
        {
            Launch<TEight, TBits, HeadOf128>();
        }
    }

    private void Launch<TEight, TBits, TRoom>()
        where TEight : struct, IEightFormat<TElement, TBits>
        where TBits : unmanaged
        where TRoom : struct, IHeadRoom
    {
        if (Pass.QueryTiles > 0)
        {
            Device.Launch(
                new KernelConfig(new Index3D(Input.KvHeads, Pass.QueryTiles, 1), new Index3D(WaveForms.GroupSize, 1, 1)),
                new AttendWave<TEight, TElement, TBits, TRoom>(Input));
        }
    }
}
