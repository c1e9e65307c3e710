using Mistral.Ilgpu.Execution.Buffers;
using Mistral.Ilgpu.Execution.Devices;
using Mistral.Ilgpu.Execution.Families;
using Mistral.Ilgpu.Planning;
using Xunit;

namespace Mistral.Ilgpu.Kernels.Tests;

/// <summary>Launches attention of prompts by warpgroups, with both outputs.</summary>
internal sealed record WarpgroupAttend(ComputeDevice Device, AttentionInput<ushort> Input, KvLayer Layer, Pass Pass)
{
    public void Launch(TensorFormat format)
    {
        if (Pass.QueryTiles == 0)
        {
            return;
        }

        if (format == TensorFormat.BFloat16)
        {
            Launch<BFloat16Tensor>();
        }
        else
        {
            Launch<Float16Tensor>();
        }
    }

    private void Launch<TFormat>()
        where TFormat : struct, ISplitFormat
    {
        var shape = WarpgroupAttention.Shape(Input.KvHeads, Pass.QueryTiles);
        Device.Launch(shape, new AttendWarpgroup<TFormat, FloatOutput>(Input, Layer.Addresses));
        if (Pass.TokenCount > MostChecked)
        {
            return;
        }

        // The output in 16 bits is what the kernel for that alone makes of it.
        var (ours, theirs) = (Device.Zeros<ushort>(Input.Output.Length), Device.Zeros<ushort>(Input.Output.Length));
        Device.Launch(
            shape,
            new AttendWarpgroup<TFormat, RoundedOutput<TFormat>>(Input with { Output = ours.Cast<float>() }, Layer.Addresses));
        Device.Launch(
            new ILGPU.KernelConfig(1, 64),
            new RoundInput<TFormat>(Input.State, Input.Output, theirs, Input.OutputStride, RowRange.Prefill));
        Assert.Equal(Device.Download(theirs), Device.Download(ours));
    }

    // Tokens of a pass; the PTX machine takes long for more.
    private const int MostChecked = 60;
}
