namespace Mistral.Ilgpu.PtxMachine;

/// <summary>
/// Finds accesses of two threads to the same shared memory, one of them a write, that nothing orders. A barrier of the group
/// orders, and within a warp <c>bar.warp.sync</c>. Shuffles, votes and products order no memory in PTX, and none here.
/// </summary>
/// <param name="granule">Bytes that are watched as one: the width of the kernel's narrowest access.</param>
internal sealed class RaceDetector(int bytes, int threads, int granule)
{
    // More than one thread, or warp.
    private const int Several = -2;

    private readonly Access[] _writes = new Access[(bytes + granule - 1) / granule];
    private readonly Access[] _reads = new Access[(bytes + granule - 1) / granule];
    private readonly int[] _warpEpochs = new int[(threads + Warp.Size - 1) / Warp.Size];
    private int _epoch = 1;

    public void GroupBarrier() => _epoch++;

    public void WarpBarrier(int warp) => _warpEpochs[warp]++;

    public void Read(int thread, int address, int count)
    {
        int warp = thread / Warp.Size;
        int warpEpoch = _warpEpochs[warp];
        for (int at = address / granule; at * granule < address + count; at++)
        {
            Check(_writes[at], thread, warp, warpEpoch, at, "reads", "wrote");
            ref var reads = ref _reads[at];
            if (reads.Epoch != _epoch || (reads.Warp == warp && reads.WarpEpoch != warpEpoch))
            {
                // Earlier reads of this warp come before whatever it does from here on.
                reads = new Access(_epoch, thread, warp, warpEpoch);
            }
            else if (reads.Thread != thread)
            {
                reads = new Access(_epoch, Several, reads.Warp == warp ? warp : Several, warpEpoch);
            }
        }
    }

    public void Write(int thread, int address, int count)
    {
        int warp = thread / Warp.Size;
        int warpEpoch = _warpEpochs[warp];
        for (int at = address / granule; at * granule < address + count; at++)
        {
            Check(_writes[at], thread, warp, warpEpoch, at, "writes", "wrote");
            Check(_reads[at], thread, warp, warpEpoch, at, "writes", "read");
            _writes[at] = new Access(_epoch, thread, warp, warpEpoch);
        }
    }

    private void Check(in Access earlier, int thread, int warp, int warpEpoch, int at, string does, string did)
    {
        if (earlier.Epoch == _epoch && earlier.Thread != thread && (earlier.Warp != warp || earlier.WarpEpoch == warpEpoch))
        {
            string who = earlier.Thread == Several ? "several threads" : $"thread {earlier.Thread}";
            throw new PtxException($"race: thread {thread} {does} shared memory at {at * granule}, which {who} {did} with no barrier between");
        }
    }

    private readonly record struct Access(int Epoch, int Thread, int Warp, int WarpEpoch);
}
