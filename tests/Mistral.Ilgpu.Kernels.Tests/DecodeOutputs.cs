using ILGPU;
using ILGPU.Runtime;
using Mistral.Ilgpu.Execution.Devices;
using Mistral.Ilgpu.Execution.Families;
using Mistral.Ilgpu.Planning;
using Xunit;

namespace Mistral.Ilgpu.Kernels.Tests;

/// <summary>What forms that join the splits of decoded tokens themselves leave behind: checks of all but the outputs'
/// values.</summary>
internal sealed record DecodeOutputs<TElement>(ComputeDevice Device, AttentionInput<TElement> Input, ArrayView<float> Parts)
    where TElement : unmanaged
{
    private readonly PackedInput? _packed = Input.Group * Input.HeadDim % BlockRun.Length == 0 ? Room(Device, Input) : null;

    /// <summary>Takes the outputs in eight bits, where no run of them is of two kv heads.</summary>
    public PackedInput Packed => _packed.GetValueOrDefault();

    /// <param name="headsOfGroup">Heads of a kv head whose splits are counted together.</param>
    public void Check(int tokens, int headsOfGroup)
    {
        CheckCounters(tokens, headsOfGroup);
        CheckJoined(tokens);
        if (_packed is not null)
        {
            CheckPacked(tokens);
        }
    }

    // What counts the splits that are done is as the next launch needs it.
    private void CheckCounters(int tokens, int headsOfGroup)
    {
        float[] parts = Device.Download(Parts);
        for (int i = 0; i < tokens * Input.KvHeads; i++)
        {
            var part = AttentionOutput.Part(Input, Parts, i / Input.KvHeads, i % Input.KvHeads, 0);
            for (int head = 0; head < Input.Group; head += headsOfGroup)
            {
                long at = part.At + (head * part.HeadStride) + Input.HeadDim + DecodeSplits.DoneAt;
                Assert.Equal(0, BitConverter.SingleToInt32Bits(parts[at]));
            }
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

    private static PackedInput Room(ComputeDevice device, AttentionInput<TElement> input)
    {
        long length = Math.Max(BlockRun.Length, input.Output.Length);
        return new PackedInput(
            device.Zeros<uint>(length / 4), device.Zeros<Floats4>(length / BlockRun.Length), input.OutputStride);
    }

    // The output in eight bits is what the kernel for that alone makes of it.
    private void CheckPacked(int tokens)
    {
        var expected = Room(Device, Input);
        Device.Launch(
            LaunchShape.Cover((long)tokens * Input.OutputStride / sizeof(uint), WarpRows.GroupSize),
            new QuantizePacked(Input.State, Input.Output, expected, Input.OutputStride, RowRange.Decode));
        int count = tokens * Input.OutputStride;
        Assert.Equal(Device.Download(expected.Values)[..(count / 4)], Device.Download(Packed.Values)[..(count / 4)]);
        Assert.Equal(
            Device.Download(expected.Runs)[..(count / BlockRun.Length)],
            Device.Download(Packed.Runs)[..(count / BlockRun.Length)]);
    }
}
