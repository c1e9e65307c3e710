using System.Runtime.InteropServices;
using ILGPU;
using ILGPU.Runtime;
using Mistral.Ilgpu.Execution.Devices;
using Mistral.Ilgpu.Planning;
using Xunit;

namespace Mistral.Ilgpu.Kernels.Tests;

/// <summary>Launches attention of decoded tokens by waves, picking how the cache is read and the room for the head.</summary>
internal sealed record DecodeWave<TElement>(
    ComputeDevice Device, AttentionInput<TElement> Input, int Splits, ArrayView<ulong> Frequencies, ArrayView<float> Parts,
    Pass Pass)
    where TElement : unmanaged
{
    private const float Untouched = 12345;

    private readonly bool _packs = Input.Group * Input.HeadDim % BlockRun.Length == 0;
    private readonly PackedInput _packed = Packed(Device, Input);

    public void Launch(TensorFormat format)
    {
        object launches = this;
        switch (format)
        {
            case TensorFormat.Float32:
                ((DecodeWave<float>)launches).Launch<EightFloats, Eight>();
                break;
            case TensorFormat.BFloat16:
                ((DecodeWave<ushort>)launches).Launch<EightBFloats, Pack>();
                break;
            case TensorFormat.Float16:
                ((DecodeWave<ushort>)launches).Launch<EightHalves, Pack>();
                break;
            default:
                ((DecodeWave<sbyte>)launches).Launch<EightQuants, EightBytes>();
                break;
        }
    }

    private void Launch<TEight, TBits>()
        where TEight : struct, IEightFormat<TElement, TBits>
        where TBits : unmanaged
    {
        if (Splits == 0)
        {
            return;
        }

        if (Input.HeadDim > 128)
        {
            Attend<TEight, TBits, HeadOf256>();
        }
        else
        {
            Attend<TEight, TBits, HeadOf128>();
        }

        Device.Launch(
            new KernelConfig(new Index3D(Input.KvHeads, Pass.DecodeCount, 1), new Index3D(WaveForms.GroupSize, 1, 1)),
            new MergeWave<TEight, TElement, TBits>(Input, Frequencies, Parts, _packs ? _packed : default));
        if (_packs)
        {
            CheckPacked();
        }
    }

    private void Attend<TEight, TBits, TRoom>()
        where TEight : struct, IEightFormat<TElement, TBits>
        where TBits : unmanaged
        where TRoom : struct, IHeadRoom
    {
        // More groups than there are splits, as a launch makes room for.
        int room = Math.Min(Splits + 1, DecodeSplits.Most);
        Fill(room);
        Device.Launch(
            new KernelConfig(new Index3D(room, Input.KvHeads, Pass.DecodeCount), new Index3D(WaveForms.GroupSize, 1, 1)),
            new DecodeAttendWave<TEight, TElement, TBits, TRoom>(Input, Frequencies, Parts));
        CheckUntouched(room);
    }

    private void Fill(int room)
    {
        float[] parts = Device.Download(Parts);
        foreach (int at in PastLast(room))
        {
            parts[at] = Untouched;
        }

        Parts.CopyFromCPU(Device.Stream, parts);
        Device.Synchronize();
    }

    // Groups past a text's last split write nothing.
    private void CheckUntouched(int room)
    {
        float[] parts = Device.Download(Parts);
        Assert.All(PastLast(room), at => Assert.Equal(Untouched, parts[at]));
    }

    // The first output, the largest score and the sum of parts that no split of a text writes.
    private IEnumerable<int> PastLast(int room) =>
        from token in Enumerable.Range(0, Pass.DecodeCount)
        from split in Enumerable.Range(0, room)
        where split >= DecodeSplits.Count(Pass.Spans[token].StartPosition, Input.Window, Input.SplitTiles)
        from head in Enumerable.Range(0, Input.KvHeads)
        let part = (int)AttentionOutput.Part(Input, Parts, token, head, split).At
        from element in new[] { 0, (int)Input.HeadDim, Input.HeadDim + 1 }
        select part + element;

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
