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
    private readonly DecodeOutputs<ushort> _outputs = new(Device, Input, Parts);

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
                new DecodeAttendTensor<THead>(Input, Layer.Addresses, Frequencies, Parts, _outputs.Packed));
            _outputs.Check(pass.DecodeCount, Input.Group);
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
}
