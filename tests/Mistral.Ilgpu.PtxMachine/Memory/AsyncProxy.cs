namespace Mistral.Ilgpu.PtxMachine;

/// <summary>
/// What products of warpgroups and bulk copies see of shared memory. They touch it by another way than threads do, PTX's
/// asynchronous proxy. They see a thread's writes before its last <c>fence.proxy.async</c> that a barrier of the group followed,
/// or a phase of a <see cref="PhaseBarriers"/> at which the thread arrived, or another of its warp after both had met.
/// What products have begun to read may not be written before they have ended, and the writer knows of it.
/// </summary>
/// <param name="granule">Bytes that are watched as one: the width of the kernel's narrowest access.</param>
/// <param name="firstWarp">The group's first warp among those of the clocks.</param>
internal sealed class AsyncProxy(int bytes, int threads, int granule, SyncClocks clocks, int firstWarp)
{
    // What a product reads at once.
    private const int PieceBytes = 16;

    private readonly Write[] _writes = new Write[(bytes + granule - 1) / granule];
    private readonly int[] _readers = new int[(bytes + PieceBytes - 1) / PieceBytes];

    // For each piece and warp the time of its last product that read the piece.
    private readonly int[] _reads = new int[(bytes + PieceBytes - 1) / PieceBytes * clocks.Warps];

    // How many fences a thread has executed, and how many of them a barrier followed.
    private readonly int[] _fences = new int[threads];
    private readonly int[] _knownFences = new int[threads];

    // The same of those that the thread's warp met after.
    private readonly int[] _metFences = new int[threads];

    public void StartGroup()
    {
        _writes.AsSpan().Clear();
        _readers.AsSpan().Clear();
        _reads.AsSpan().Clear();
        _fences.AsSpan().Clear();
        _knownFences.AsSpan().Clear();
        _metFences.AsSpan().Clear();
    }

    /// <summary>These threads meet.</summary>
    public void Barrier(int first, int count) => _fences.AsSpan(first, count).CopyTo(_knownFences.AsSpan(first));

    /// <summary>These threads had executed so many fences when they came to a barrier that is passed now.</summary>
    public void Barrier(int first, ReadOnlySpan<int> fences)
    {
        for (int i = 0; i < fences.Length; i++)
        {
            _knownFences[first + i] = Math.Max(_knownFences[first + i], fences[i]);
        }
    }

    /// <summary>How many fences these threads have executed.</summary>
    public int[] Fences(int first, int count) => _fences[first..(first + count)];

    public void Fence(int thread) => _fences[thread]++;

    /// <summary>The lanes of a warp meet.</summary>
    public void WarpBarrier(int warp)
    {
        int first = warp * Warp.Size;
        int count = Math.Min(Warp.Size, threads - first);
        _fences.AsSpan(first, count).CopyTo(_metFences.AsSpan(first));
    }

    /// <summary>A thread arrives somewhere: adds the fences that it releases, for each thread of the group.</summary>
    public void Release(int thread, int[] to)
    {
        int first = thread / Warp.Size * Warp.Size;
        for (int other = first; other < Math.Min(first + Warp.Size, threads); other++)
        {
            to[other] = Math.Max(to[other], _metFences[other]);
        }

        to[thread] = _fences[thread];
    }

    /// <summary>Room for what is released.</summary>
    public int[] NewRelease() => new int[threads];

    /// <summary>A thread writes, by itself or by a copy.</summary>
    public void Written(int thread, int address, int count)
    {
        RequireRead(firstWarp + (thread / Warp.Size), address, count);
        for (int at = address / granule; at * granule < address + count; at++)
        {
            _writes[at] = new Write(thread, _fences[thread] + 1);
        }
    }

    /// <summary>A bulk copy that a warp of the cluster began may write from now on.</summary>
    public void WrittenInBulk(int warp, int address, int count)
    {
        RequireRead(warp, address, count);
        RequireFenced("a bulk copy overwrites", address, count);
        for (int at = address / granule; at * granule < address + count; at++)
        {
            _writes[at] = default;
        }
    }

    /// <summary>A product may read from now on.</summary>
    public void BeginRead(int address, int count)
    {
        RequireFenced("a product of a warpgroup reads", address, count);
        _readers[address / PieceBytes]++;
    }

    /// <summary>It has read.</summary>
    public void EndRead(int warp, int address)
    {
        int piece = address / PieceBytes;
        _readers[piece]--;
        _reads[(piece * clocks.Warps) + warp] = clocks.Now;
    }

    private void RequireFenced(string who, int address, int count)
    {
        for (int at = address / granule; at * granule < address + count; at++)
        {
            if (_writes[at] is var write && write.Fence > _knownFences[write.Thread])
            {
                throw new PtxException(
                    $"{who} shared memory at {at * granule}, which thread {write.Thread} wrote with no fence.proxy.async between that and a barrier");
            }
        }
    }

    private void RequireRead(int writer, int address, int count)
    {
        for (int piece = address / PieceBytes; piece * PieceBytes < address + count; piece++)
        {
            if (_readers[piece] > 0)
            {
                throw new PtxException($"warp {writer} writes shared memory at {piece * PieceBytes} while a product of a warpgroup may still read it: no wgmma.wait_group before");
            }

            for (int warp = 0; warp < clocks.Warps; warp++)
            {
                if (_reads[(piece * clocks.Warps) + warp] is > 0 and var time
                    && warp != writer && !clocks.Knows(writer, warp, time))
                {
                    throw new PtxException($"race: warp {writer} writes shared memory at {piece * PieceBytes}, which products of warp {warp} read with no barrier between");
                }
            }
        }
    }

    // The fence is the first of the thread's that lets it be seen.
    private readonly record struct Write(int Thread, int Fence);
}
