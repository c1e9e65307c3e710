using ILGPU;
using ILGPU.Runtime;
using Mistral.Ilgpu.Execution.Transfers;
using Mistral.Ilgpu.Kernels.Tests;
using Xunit;

namespace Mistral.Ilgpu.Tests.Execution;

/// <summary>A layer on its way from the host to a slot.</summary>
public sealed class LayerUploadTests
{
    // Buffers and shares end within the layer.
    [Theory]
    [InlineData("cpu", false)]
    [InlineData("cpu", true)]
    [InlineData("cuda", true)]
    public void Run_OfALayerOfManyShares_CopiesEachByteOnce(string name, bool isReadByThreads)
    {
        const int BufferBytes = (3 << 20) + 64;
        var device = TestDevice.Get(name);
        using var layer = new Numbers((8 << 20) + 256);
        var slot = device.Zeros<byte>((int)layer.Length);
        using var isFree = device.NewEvent();
        using var isFilled = device.NewEvent();
        isFree.Record(device.Stream);
        using (var upload = new LayerUpload(device, BufferBytes, isReadByThreads))
        {
            upload.Run(layer, slot, isFree, isFilled);
        }

        byte[] copied = device.Download(slot);
        Assert.Equal(-1, Enumerable.Range(0, copied.Length).FirstOrDefault(i => copied[i] != Numbers.At(i), -1));
        Assert.Equal(layer.Length, layer.BytesRead);
    }

    // Each byte tells where it is.
    private sealed class Numbers(long length) : IHostLayer
    {
        private long _read;

        public long Length => length;

        public long BytesRead => _read;

        public nint Address => 0;

        public static byte At(long at) => (byte)((at * 31) + (at >> 12));

        public void Read(long at, Span<byte> part)
        {
            for (int i = 0; i < part.Length; i++)
            {
                part[i] = At(at + i);
            }

            Interlocked.Add(ref _read, part.Length);
        }

        public void Check()
        {
        }

        public void Dispose()
        {
        }
    }
}
