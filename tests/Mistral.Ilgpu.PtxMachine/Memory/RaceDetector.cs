namespace Mistral.Ilgpu.PtxMachine;

/// <summary>
/// Finds accesses of two threads to the same shared memory, one of them a write, that nothing orders. Barriers order, see
/// <see cref="SyncClocks"/>, and within a warp <c>bar.warp.sync</c>. Shuffles, votes and products order no memory in PTX, and
/// none here.
/// </summary>
/// <param name="granule">Bytes that are watched as one: the width of the kernel's narrowest access.</param>
/// <param name="firstWarp">The group's first warp among those of the clocks.</param>
internal sealed class RaceDetector(int bytes, int threads, int granule, SyncClocks clocks, int firstWarp)
{
    // More than one thread.
    private const int Several = -2;

    private readonly Access[] _writes = new Access[(bytes + granule - 1) / granule];
    private readonly Access[] _reads = new Access[(bytes + granule - 1) / granule];
    private readonly int[] _warpEpochs = new int[(threads + Warp.Size - 1) / Warp.Size];

    public void WarpBarrier(int warp) => _warpEpochs[warp]++;

    public void Read(int thread, int address, int count)
    {
        int warp = thread / Warp.Size;
        int warpEpoch = _warpEpochs[warp];
        for (int at = address / granule; at * granule < address + count; at++)
        {
            Check(_writes[at], thread, firstWarp + warp, at, "reads", "wrote");
            ref var reads = ref _reads[at];
            // What comes before this read comes before whatever it does from here on.
            reads = IsBefore(reads, Several, firstWarp + warp) ? new Access(clocks.Now, thread, 1UL << warp, warpEpoch)
                : reads.Thread == thread ? reads with { Time = clocks.Now }
                : new Access(clocks.Now, Several, reads.Warps | (1UL << warp), warpEpoch);
        }
    }

    /// <summary>Something other than a thread reads for it.</summary>
    public void CheckRead(int thread, int address, int count)
    {
        for (int at = address / granule; at * granule < address + count; at++)
        {
            Check(_writes[at], thread, firstWarp + (thread / Warp.Size), at, "reads", "wrote");
        }
    }

    public void Write(int thread, int address, int count)
    {
        int warp = thread / Warp.Size;
        CheckWrite(thread, firstWarp + warp, address, count);
        for (int at = address / granule; at * granule < address + count; at++)
        {
            _writes[at] = new Access(clocks.Now, thread, 1UL << warp, _warpEpochs[warp]);
        }
    }

    /// <summary>A thread is to write, or something other for it.</summary>
    /// <param name="thread">−1 of another group.</param>
    /// <param name="warp">Its among those of the clocks.</param>
    public void CheckWrite(int thread, int warp, int address, int count)
    {
        for (int at = address / granule; at * granule < address + count; at++)
        {
            Check(_writes[at], thread, warp, at, "writes", "wrote");
            Check(_reads[at], thread, warp, at, "writes", "read");
        }
    }

    private void Check(in Access earlier, int thread, int warp, int at, string does, string did)
    {
        if (!IsBefore(earlier, thread, warp))
        {
            string who = earlier.Thread == Several ? "several threads" : $"thread {earlier.Thread}";
            throw new PtxException($"race: thread {thread} {does} shared memory at {at * granule}, which {who} {did} with no barrier between");
        }
    }

    // The warp is among those of the clocks.
    private bool IsBefore(in Access earlier, int thread, int warp)
    {
        int own = warp - firstWarp;
        if (own >= 0 && own < _warpEpochs.Length && earlier.Warps == 1UL << own
            && (earlier.Thread == thread || earlier.WarpEpoch != _warpEpochs[own]))
        {
            return true;
        }

        for (ulong rest = earlier.Warps; rest != 0; rest &= rest - 1)
        {
            if (!clocks.Knows(warp, firstWarp + System.Numerics.BitOperations.TrailingZeroCount(rest), earlier.Time))
            {
                return false;
            }
        }

        return true;
    }

    // Of several reads the time of the last.
    private readonly record struct Access(int Time, int Thread, ulong Warps, int WarpEpoch);
}
