using System.Runtime.InteropServices;
using Mistral.Ilgpu.PtxMachine;

namespace Mistral.Ilgpu.Kernels.Tests.Ptx;

/// <summary>
/// A few lines of PTX as a kernel on buffers. Their addresses are in <c>%rd0</c>, <c>%rd1</c> and so on, the thread's index in
/// <c>%r0</c>.
/// </summary>
/// <param name="target">80 for sm_80.</param>
internal sealed class Snippet(int target = 80)
{
    private readonly GlobalMemory _memory = new();
    private readonly List<byte> _parameters = [];
    private readonly List<Action> _copies = [];

    /// <summary>Adds a buffer, as aligned as a device's; what the kernel writes comes back in the array.</summary>
    public T[] Buffer<T>(params T[] values)
        where T : unmanaged
    {
        const int Alignment = 256;
        var bytes = MemoryMarshal.AsBytes(values.AsSpan());
        int length = bytes.Length;
        var pinned = GC.AllocateArray<byte>(length + Alignment, pinned: true);
        nint start = Marshal.UnsafeAddrOfPinnedArrayElement(pinned, 0);
        int offset = (int)(-start & (Alignment - 1));
        bytes.CopyTo(pinned.AsSpan(offset));
        _memory.Add(start + offset, length);
        _parameters.AddRange(BitConverter.GetBytes((long)start + offset));
        _copies.Add(() => pinned.AsSpan(offset, length).CopyTo(MemoryMarshal.AsBytes(values.AsSpan())));
        return values;
    }

    /// <summary>Adds a tensor map of a buffer of 16-bit elements, whose boxes lie in rows of 128 bytes.</summary>
    public void Map(int buffer, int columns, int rows, int pitchBytes, int boxRows)
    {
        var map = new byte[TensorDescriptor.Bytes];
        ulong address = MemoryMarshal.Cast<byte, ulong>(CollectionsMarshal.AsSpan(_parameters))[buffer];
        new TensorDescriptor(address, (ulong)columns, (ulong)rows, (ulong)pitchBytes, 64, boxRows, 128).Write(map);
        Buffer(map);
    }

    /// <summary>Runs the lines, forwards and then backwards unless only once.</summary>
    public void Run(
        string lines, int threads = 32, int groups = 1, bool isOnce = false, int sharedBytes = 4096, int clusterSize = 1)
    {
        string loads = string.Join(
            '\n', Enumerable.Range(0, _parameters.Count / 8).Select(i => $"ld.param.b64 %rd{i}, [p+{8 * i}];"));
        var kernel = PtxKernel.Parse($$"""
            .version 7.8
            .target sm_{{target}}
            .address_size 64
            .visible .entry snippet(.param .align 8 .b8 p[{{_parameters.Count}}])
            .reqnctapercluster {{clusterSize}}, 1, 1
            {
                .reg .pred %p<10>;
                .reg .b16 %rs<10>;
                .reg .b32 %r<40>;
                .reg .b64 %rd<20>;
                .reg .f32 %f<20>;
                .shared .align 1024 .b8 shared[{{sharedBytes}}];
                {{loads}}
                mov.b32 %r0, %tid.x;
                {{lines}}
                ret;
            }
            """);
        var machine = new PtxInterpreter(kernel);
        foreach (bool isReversed in isOnce ? [false] : new[] { false, true })
        {
            machine.Launch(
                new LaunchShape(new Extent(groups), new Extent(threads), IsReversed: isReversed),
                CollectionsMarshal.AsSpan(_parameters), _memory);
        }

        _copies.ForEach(copy => copy());
    }
}
