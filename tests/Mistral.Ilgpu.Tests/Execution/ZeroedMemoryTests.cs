using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using Mistral.Ilgpu.Execution.Devices;
using Xunit;

namespace Mistral.Ilgpu.Tests.Execution;

/// <summary>Host memory of the CPU accelerator.</summary>
public sealed class ZeroedMemoryTests
{
    [Fact]
    public void Allocate_OfAnySize_GivesZerosThatNoOtherBufferHas()
    {
        int[] sizes = [1, 100, 64 << 10, (1 << 20) + 8, 3 << 20, 30 << 20, 40 << 20];
        using var memory = new ZeroedMemory();
        var parts = new (nint Address, IDisposable Owner, int Bytes)[4 * sizes.Length];
        Parallel.For(0, parts.Length, i =>
        {
            int bytes = sizes[i % sizes.Length];
            var (address, owner) = memory.Allocate(bytes);
            parts[i] = (address, owner, bytes);
            Assert.Equal(0, address % 64);
            Assert.Equal(-1, Of(i).IndexOfAnyExcept((byte)0));
            Of(i).Fill((byte)(i + 1));
        });
        // Freeing some leaves the others as they are.
        for (int i = 0; i < parts.Length; i += 2)
        {
            parts[i].Owner.Dispose();
            parts[i].Owner.Dispose();
        }

        for (int i = 1; i < parts.Length; i += 2)
        {
            Assert.Equal(-1, Of(i).IndexOfAnyExcept((byte)(i + 1)));
            parts[i].Owner.Dispose();
        }

        Span<byte> Of(int i) => MemoryMarshal.CreateSpan(
            ref Unsafe.AddByteOffset(ref Unsafe.NullRef<byte>(), parts[i].Address), parts[i].Bytes);
    }

    [Fact]
    public void Allocate_OfMiddleSize_SharesLargePages()
    {
        using var memory = new ZeroedMemory();
        var (first, _) = memory.Allocate(1 << 20);
        var (second, _) = memory.Allocate(100_000);
        var (third, _) = memory.Allocate(1 << 20);
        Assert.Equal(0, first % (2 << 20));
        Assert.Equal(first + (1 << 20), second);
        Assert.Equal((second + 100_000 + 63) & -64, third);
    }
}
