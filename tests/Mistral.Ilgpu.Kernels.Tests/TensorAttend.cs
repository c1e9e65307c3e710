using ILGPU;
using ILGPU.Runtime;
using Mistral.Ilgpu.Execution.Buffers;
using Mistral.Ilgpu.Execution.Devices;
using Mistral.Ilgpu.Execution.Families;
using Mistral.Ilgpu.Planning;
using Xunit;

namespace Mistral.Ilgpu.Kernels.Tests;

/// <summary>Launches the forms on tensor cores, picking the room for the head.</summary>
internal sealed record TensorAttend(
    ComputeDevice Device, AttentionInput<ushort> Input, KvLayer Layer, int Splits, ArrayView<ulong> Frequencies, ArrayView<float> Parts)
{
    private readonly bool _packs = Input.Group * Input.HeadDim % BlockRun.Length == 0;
    private readonly PackedInput _packed = Packed(Device, Input);

    public void Launch(TensorFormat format, Pass pass)
    {
        if (format == TensorFormat.BFloat16)
        {
            Pick<BFloat16Tensor>(pass);
        }
        else
        {
            Pick<Float16Tensor>(pass);
        }
    }

    private void Pick<TFormat>(Pass pass)
        where TFormat : struct, ISplitFormat
    {
        switch (Input.HeadDim)
        {
            case <= 64:
                Launch<TwoParts<TwoParts<HeadRun<TFormat>>>, TwoScores<TwoScores<KeyScores>>>(pass);
                CheckRounded<TwoParts<TwoParts<HeadRun<TFormat>>>, TFormat>(pass);
                break;
            case <= 128:
                Launch<TwoParts<TwoParts<TwoParts<HeadRun<TFormat>>>>, TwoScores<TwoScores<KeyScores>>>(pass);
                break;
            default:
                Launch<TwoParts<TwoParts<TwoParts<TwoParts<HeadRun<TFormat>>>>>, KeyScores>(pass);
                break;
        }
    }

    private void Launch<THead, TScores>(Pass pass)
        where THead : struct, ITensorHead
        where TScores : struct, ITensorScores
    {
        if (pass.QueryTiles > 0)
        {
            Device.Launch(PromptShape(pass), new AttendTensor<THead, TScores, FloatOutput>(Input, Layer.Addresses));
        }

        if (Splits > 0)
        {
            // One more than there are, as a launch makes room for.
            Device.Launch(
                new KernelConfig(new Index3D(Splits + 1, Input.KvHeads, pass.DecodeCount), new Index3D(TensorForms.DecodeGroup(Input.HeadDim), 1, 1)),
                new DecodeAttendTensor<THead>(Input, Layer.Addresses, Frequencies, Parts, _packs ? _packed : default));
            CheckCounters(pass.DecodeCount);
            CheckJoined(pass.DecodeCount);
            if (_packs)
            {
                CheckPacked(pass.DecodeCount);
            }
        }
    }

    // As many parts as a tile of warpgroups may have, and more than one of 64 queries has.
    private KernelConfig PromptShape(Pass pass) =>
        new(new Index3D(Input.KvHeads, pass.QueryTiles, 3), new Index3D(TensorForms.PromptGroup, 1, 1));

    // The output in 16 bits is what the kernel for that alone makes of it.
    private void CheckRounded<THead, TFormat>(Pass pass)
        where THead : struct, ITensorHead
        where TFormat : struct, ISplitFormat
    {
        if (pass.QueryTiles == 0)
        {
            return;
        }

        var (ours, theirs) = (Device.Zeros<ushort>(Input.Output.Length), Device.Zeros<ushort>(Input.Output.Length));
        Device.Launch(
            PromptShape(pass),
            new AttendTensor<THead, TwoScores<TwoScores<KeyScores>>, RoundedOutput<TFormat>>(
                Input with { Output = ours.Cast<float>() }, Layer.Addresses));
        Device.Launch(
            new KernelConfig(1, 64),
            new RoundInput<TFormat>(Input.State, Input.Output, theirs, Input.OutputStride, RowRange.Prefill));
        Assert.Equal(Device.Download(theirs), Device.Download(ours));
    }

    // What counts the splits that are done is as the next launch needs it.
    private void CheckCounters(int tokens)
    {
        float[] parts = Device.Download(Parts);
        for (int i = 0; i < tokens * Input.KvHeads; i++)
        {
            long part = AttentionOutput.Part(Input, Parts, i / Input.KvHeads, i % Input.KvHeads, 0).At;
            Assert.Equal(0, BitConverter.SingleToInt32Bits(parts[part + Input.HeadDim + DecodeSplits.DoneAt]));
        }
    }

    // The output is bit for bit what the kernel for that alone makes of the splits.
    private void CheckJoined(int tokens)
    {
        int columns = Input.Heads * Input.HeadDim;
        var expected = Device.Zeros<float>((long)tokens * columns);
        Device.Launch(
            new KernelConfig(2, 32), new MergeSplits(Input.State, Parts, expected, Input.Heads, Input.HeadDim, Input.Window, columns, Input.SplitTiles));
        var (ours, theirs) = (Device.Download(Input.Output), Device.Download(expected));
        for (int token = 0; token < tokens; token++)
        {
            int at = token * Input.OutputStride;
            Assert.Equal(Bits(theirs[(token * columns)..((token + 1) * columns)]), Bits(ours[at..(at + columns)]));
        }
    }

    private static int[] Bits(float[] values) => [.. values.Select(BitConverter.SingleToInt32Bits)];

    private static PackedInput Packed(ComputeDevice device, AttentionInput<ushort> input)
    {
        long length = Math.Max(BlockRun.Length, input.Output.Length);
        return new PackedInput(
            device.Zeros<uint>(length / 4), device.Zeros<Floats4>(length / BlockRun.Length), input.OutputStride);
    }

    // The output in eight bits is what the kernel for that alone makes of it.
    private void CheckPacked(int tokens)
    {
        var expected = Packed(Device, Input);
        Device.Launch(
            LaunchShape.Cover((long)tokens * Input.OutputStride / sizeof(uint), WarpRows.GroupSize),
            new QuantizePacked(Input.State, Input.Output, expected, Input.OutputStride, RowRange.Decode));
        int count = tokens * Input.OutputStride;
        Assert.Equal(Device.Download(expected.Values)[..(count / 4)], Device.Download(_packed.Values)[..(count / 4)]);
        Assert.Equal(
            Device.Download(expected.Runs)[..(count / BlockRun.Length)],
            Device.Download(_packed.Runs)[..(count / BlockRun.Length)]);
    }
}
