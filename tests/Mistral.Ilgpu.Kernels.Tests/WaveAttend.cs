using System.Runtime.InteropServices;
using ILGPU;
using ILGPU.Runtime;
using Mistral.Ilgpu.Execution.Devices;
using Mistral.Ilgpu.Planning;
using Xunit;

namespace Mistral.Ilgpu.Kernels.Tests;

/// <summary>Launches the forms made of waves, picking how the cache is read and the room for the head.</summary>
internal sealed record WaveAttend<TElement>(
    ComputeDevice Device, AttentionInput<TElement> Input, int Splits, ArrayView<ulong> Frequencies, ArrayView<float> Parts, Pass Pass)
    where TElement : unmanaged
{
    private readonly bool _packs = Input.Group * Input.HeadDim % BlockRun.Length == 0;
    private readonly PackedInput _packed = Packed(Device, Input);

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

        if (Splits > 0)
        {
            // One more than there are, as a launch makes room for.
            Device.Launch(
                new KernelConfig(new Index3D(Splits + 1, Input.KvHeads, Pass.DecodeCount), new Index3D(WaveForms.GroupSize, 1, 1)),
                new DecodeAttendWave<TEight, TElement, TBits, TRoom>(Input, Frequencies, Parts, _packs ? _packed : default));
            CheckCounters();
            if (_packs)
            {
                CheckPacked();
            }
        }
    }

    // What counts the splits that are done is as the next launch needs it.
    private void CheckCounters()
    {
        float[] parts = Device.Download(Parts);
        for (int i = 0; i < Pass.DecodeCount * Input.KvHeads; i++)
        {
            long part = AttentionOutput.Part(Input, Parts, i / Input.KvHeads, i % Input.KvHeads, 0).At;
            Assert.Equal(0, BitConverter.SingleToInt32Bits(parts[part + Input.HeadDim + DecodeSplits.DoneAt]));
        }
    }

    // The output in eight bits is within half a step of the output, and the sums are those of its quants.
    private void CheckPacked()
    {
        int count = Pass.DecodeCount * Input.OutputStride;
        float[] output = Device.Download(Input.Output);
        sbyte[] quants = MemoryMarshal.Cast<uint, sbyte>(Device.Download(_packed.Values)).ToArray();
        var runs = Device.Download(_packed.Runs);
        for (int run = 0; run < count / BlockRun.Length; run++)
        {
            int first = run * BlockRun.Length;
            float scale = runs[run].A;
            Assert.Equal(output[first..(first + BlockRun.Length)].Max(Math.Abs) / 127, scale, scale * 1e-6f);
            Assert.All(
                Enumerable.Range(first, BlockRun.Length), i => Assert.Equal(output[i], quants[i] * scale, 0.5001f * scale));
            Assert.Equal(scale * Sum(first), runs[run].B, scale * 1e-3f);
            Assert.Equal(scale * Sum(first + (BlockRun.Length / 2)), runs[run].C, scale * 1e-3f);
        }

        int Sum(int from) => quants[from..(from + (BlockRun.Length / 2))].Sum(quant => quant);
    }

    private static PackedInput Packed(ComputeDevice device, AttentionInput<TElement> input)
    {
        long length = Math.Max(BlockRun.Length, input.Output.Length);
        return new PackedInput(
            device.Zeros<uint>(length / 4), device.Zeros<Floats4>(length / BlockRun.Length), input.OutputStride);
    }
}
