using ILGPU;
using ILGPU.Runtime;
using Mistral.Ilgpu.Checkpoints;
using Mistral.Ilgpu.Execution;
using Device = Mistral.Ilgpu.Execution.Device;

namespace Mistral.Ilgpu.Kernels.Tests;

/// <summary>Launches the forms on tensor cores, picking the room for the head.</summary>
internal sealed record TensorAttend(Device Device, AttentionInput<ushort> Input, KvLayer Layer, int Splits, ArrayView<float> Parts)
{
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
        where TFormat : struct, ITensorFormat
    {
        switch (Input.HeadDim)
        {
            case <= 64:
                Launch<TwoParts<TwoParts<HeadRun<TFormat>>>, TwoScores<TwoScores<KeyScores>>>(pass);
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
            Device.Launch(
                new KernelConfig(new Index3D(Input.KvHeads, pass.QueryTiles, 1), new Index3D(TensorForms.PromptGroup, 1, 1)),
                new AttendTensor<THead, TScores>(Input, Layer.Addresses));
        }

        if (Splits > 0)
        {
            Device.Launch(
                new KernelConfig(new Index3D(Splits, Input.KvHeads, pass.DecodeCount), new Index3D(TensorForms.DecodeGroup(Input.HeadDim), 1, 1)),
                new DecodeAttendTensor<THead>(Input, Layer.Addresses, Parts));
        }
    }
}
