namespace Mistral.Ilgpu.PtxMachine;

/// <summary>A warp's lanes and their registers, for instructions in which lanes meet.</summary>
/// <param name="firstWarp">The group's first warp among those of its cluster.</param>
internal sealed class Warp(ulong[] registers, int slots, int firstThread, int lanes, SharedMemory shared, int firstWarp)
{
    public const int Size = 32;

    public int FirstThread => firstThread;

    public int Lanes => lanes;

    /// <summary>Among the warps of the cluster.</summary>
    public int Number => firstWarp + (firstThread / Size);

    /// <summary>Registers that each thread has asked for by <c>setmaxnreg</c>; null before.</summary>
    public int? AskedRegisters { get; set; }

    /// <summary>A mask of the lanes that there are.</summary>
    public uint All { get; } = lanes == Size ? uint.MaxValue : (1U << lanes) - 1;

    public SharedMemory Shared => shared;

    /// <summary>Its part of its warpgroup's products; null where it belongs to none, or its kernel has none.</summary>
    public WarpProducts? Products { get; set; }

    /// <summary>The first register of a lane.</summary>
    public ref ulong Registers(int lane) => ref registers[(firstThread + lane) * slots];

    /// <summary>What all registers hold, lane after lane.</summary>
    public void Copy(ref ulong[]? to)
    {
        to ??= new ulong[Size * slots];
        registers.AsSpan(firstThread * slots, lanes * slots).CopyTo(to);
    }

    /// <summary>Barriers at which warps arrive without waiting.</summary>
    public required Arrivals Arrivals { get; init; }

    /// <summary>Orders in shared memory what the lanes did before what they do next.</summary>
    public void Barrier() => shared.WarpBarrier(firstThread / Size);
}
