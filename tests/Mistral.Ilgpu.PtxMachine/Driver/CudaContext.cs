namespace Mistral.Ilgpu.PtxMachine.Driver;

/// <summary>What one opening of a device owns.</summary>
internal sealed class CudaContext(CudaDeviceModel device)
{
    public CudaDeviceModel Device => device;

    /// <summary>The streams, the default one first. None waits for another: all that are created are non-blocking.</summary>
    public List<CommandStream> Streams { get; } = [new()];

    /// <summary>Addresses of the memory that was allocated and not freed.</summary>
    public HashSet<ulong> Allocated { get; } = [];

    /// <summary>Streams that this thread began to capture and has not ended.</summary>
    public Dictionary<int, CommandStream> Capturing { get; } = [];

    /// <summary>Runs all that is pending, the streams in no defined order.</summary>
    public void Drain()
    {
        for (int i = Streams.Count - 1; i >= 0; i--)
        {
            Streams[i].Drain();
        }
    }

    /// <summary>Refuses what the thread that captures a stream may not do.</summary>
    public void RefuseWhileCapturing(string what)
    {
        if (Capturing.TryGetValue(Environment.CurrentManagedThreadId, out var stream))
        {
            stream.RefuseWhileCaptured(what);
        }
    }
}

/// <summary>What a modelled device says of itself.</summary>
/// <param name="Bus">Its place, by which ILGPU distinguishes devices.</param>
/// <param name="Architecture">90 for sm_90.</param>
/// <param name="Multiprocessors">As many as it says it has; groups run one after the other.</param>
internal sealed record CudaDeviceModel(string Name, int Bus, int Architecture, int Multiprocessors, long MemoryBytes)
{
    public const int MaxThreadsPerGroup = 1024;

    /// <summary>Shared memory of a group, unless more is requested.</summary>
    public const int MaxSharedBytes = 48 << 10;

    // What the system keeps of each group's, from sm_80 on.
    private const int ReservedBytes = 1 << 10;

    public static readonly Extent MaxGroup = new(1024, 1024, 64);

    public static readonly Extent MaxGrid = new(int.MaxValue, 65_535, 65_535);

    /// <summary>
    /// Shared memory of a group, at most, where more is requested (CUDA C++ Programming Guide, table of technical
    /// specifications).
    /// </summary>
    public int MostSharedBytes => MultiprocessorSharedBytes - (Architecture >= 80 ? ReservedBytes : 0);

    private int MultiprocessorSharedBytes => Architecture switch
    {
        70 => 96 << 10,
        75 => 64 << 10,
        90 => 228 << 10,
        _ => throw new CudaFault(CudaResult.InvalidValue, $"the shared memory of sm_{Architecture} is not modelled"),
    };

    /// <summary>An attribute by its number in cuda.h; null of those that nothing here reads.</summary>
    public int? Attribute(int number) => number switch
    {
        1 => MaxThreadsPerGroup,
        2 => MaxGroup.X,
        3 => MaxGroup.Y,
        4 => MaxGroup.Z,
        5 => MaxGrid.X,
        6 => MaxGrid.Y,
        7 => MaxGrid.Z,
        8 => MaxSharedBytes,
        9 => 64 << 10,
        10 => Warp.Size,
        11 => int.MaxValue,
        12 or 82 => 64 << 10,
        13 => 1_000_000,
        16 => Multiprocessors,
        19 => 1,
        33 => Bus,
        32 or 34 or 35 or 50 => 0,
        36 => 1_000_000,
        37 => 4096,
        38 => 40 << 20,
        39 => Architecture == 75 ? 1024 : 2048,
        40 => 2,
        41 => 1,
        75 => Architecture / 10,
        76 => Architecture % 10,
        81 => MultiprocessorSharedBytes,
        83 => 0,
        90 => 1,
        91 => 1,
        97 => MostSharedBytes,
        _ => null,
    };
}
