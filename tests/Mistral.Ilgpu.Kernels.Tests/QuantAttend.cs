using System.Runtime.InteropServices;
using ILGPU;
using ILGPU.Runtime;
using Mistral.Ilgpu.Execution.Buffers;
using Mistral.Ilgpu.Execution.Devices;
using Mistral.Ilgpu.Planning;
using Xunit;

namespace Mistral.Ilgpu.Kernels.Tests;

/// <summary>Launches attention of decoded tokens over caches of eight bits on tensor cores. What it leaves in the cache is bit for
/// bit what <see cref="Rope{TCache,TElement}"/> stores.</summary>
internal sealed record QuantAttend(
    ComputeDevice Device, AttentionInput<sbyte> Input, KvLayer Layer, int Splits, ArrayView<ulong> Frequencies, ArrayView<float> Parts)
{
    private readonly DecodeOutputs<sbyte> _outputs = new(Device, Input, Parts);

    public void Launch(Pass pass)
    {
        if (Splits == 0)
        {
            return;
        }

        byte[][] before = Cache();
        float[] qkv = Device.Download(Input.Qkv);
        Device.Launch(new KernelConfig(2, 2), new Rope<Int8Cache, sbyte>(Input, Frequencies, RowRange.Decode));
        byte[][] expected = Cache();
        Restore(before);
        Input.Qkv.CopyFromCPU(Device.Stream, qkv);
        Device.Synchronize();
        if (Input.HeadDim == 64)
        {
            Launch<RunPair>(pass);
        }
        else
        {
            Launch<TwoRunPairs>(pass);
        }

        Assert.Equal(expected, Cache());
        Assert.Equal(qkv, Device.Download(Input.Qkv));
        _outputs.Check(pass.DecodeCount, TensorForms.QuantHeads);
    }

    // One split more than there are, as a launch makes room for.
    private void Launch<THead>(Pass pass)
        where THead : struct, IQuantHead => Device.Launch(
        new KernelConfig(
            new Index3D(Splits + 1, Input.KvHeads * TensorForms.QuantBlocks(Input.Group), pass.DecodeCount),
            new Index3D(TensorForms.QuantGroup, 1, 1)),
        new DecodeAttendQuants<THead>(Input, Layer.QuantAddresses, Frequencies, Parts, _outputs.Packed));

    private byte[][] Cache() =>
    [
        Device.Download(Layer.Ring.Keys), Device.Download(Layer.Ring.Values),
        .. new[] { Layer.Ring.KeyScales, Layer.Ring.ValueScales }.Select(
            scales => MemoryMarshal.AsBytes(Device.Download(scales).AsSpan()).ToArray()),
    ];

    private void Restore(byte[][] cache)
    {
        Layer.Ring.Keys.CopyFromCPU(Device.Stream, cache[0]);
        Layer.Ring.Values.CopyFromCPU(Device.Stream, cache[1]);
        Layer.Ring.KeyScales.CopyFromCPU(Device.Stream, MemoryMarshal.Cast<byte, ushort>(cache[2]).ToArray());
        Layer.Ring.ValueScales.CopyFromCPU(Device.Stream, MemoryMarshal.Cast<byte, ushort>(cache[3]).ToArray());
    }
}
