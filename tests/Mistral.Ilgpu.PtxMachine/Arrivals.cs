namespace Mistral.Ilgpu.PtxMachine;

/// <summary>
/// Warps that have arrived at barriers of a part of the group (<c>bar.arrive</c>) and went on. What they did before comes before
/// what those do that wait there.
/// </summary>
internal sealed class Arrivals(SharedMemory shared)
{
    private readonly Dictionary<ulong, Arrived> _barriers = [];

    public void StartGroup() => _barriers.Clear();

    /// <summary>A warp arrives at a barrier that so many threads are to come to.</summary>
    /// <exception cref="PtxException">It has arrived before, and nobody has waited, or is told another number of threads.</exception>
    public void Add(Warp warp, ulong barrier, int threads)
    {
        if (barrier > 15 || threads <= 0 || threads % Warp.Size != 0)
        {
            throw new PtxException($"barrier {barrier} of {threads} threads, expected 0 to 15 and whole warps");
        }

        if (!_barriers.TryGetValue(barrier, out var arrived))
        {
            _barriers[barrier] = arrived = new Arrived(threads, shared.NewRelease());
        }

        if (arrived.Threads != threads)
        {
            throw new PtxException($"barrier {barrier} is for {threads} threads here, and for {arrived.Threads} where others came");
        }

        int number = warp.FirstThread / Warp.Size;
        if (arrived.Warps.Contains(number))
        {
            throw new PtxException($"warp {number} arrives at barrier {barrier} again before the others have come");
        }

        arrived.Warps.Add(number);
        shared.Release(number, arrived.Release);
    }

    /// <summary>Those at a barrier; null of none.</summary>
    public Arrived? At(ulong barrier) => _barriers.GetValueOrDefault(barrier);

    /// <summary>The barrier is passed.</summary>
    public void Remove(ulong barrier) => _barriers.Remove(barrier);

    /// <exception cref="PtxException">Some have arrived where nobody waited.</exception>
    public void EndGroup()
    {
        foreach (var (barrier, arrived) in _barriers)
        {
            throw new PtxException($"{arrived.Warps.Count * Warp.Size} threads arrived at barrier {barrier}, where none of {arrived.Threads} waited");
        }
    }

    /// <param name="Threads">So many are to come.</param>
    internal sealed record Arrived(int Threads, BarrierRelease Release)
    {
        public List<int> Warps { get; } = [];
    }
}
