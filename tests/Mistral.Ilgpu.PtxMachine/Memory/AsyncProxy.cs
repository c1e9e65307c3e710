namespace Mistral.Ilgpu.PtxMachine;

/// <summary>
/// What the products of warpgroups see of shared memory. They read it by another way than threads do, PTX's asynchronous proxy.
/// They see a thread's writes before its last <c>fence.proxy.async</c> that a barrier of the group followed. What they have begun
/// to read may not be written before they have ended.
/// </summary>
/// <param name="granule">Bytes that are watched as one: the width of the kernel's narrowest access.</param>
internal sealed class AsyncProxy(int bytes, int threads, int granule)
{
    private readonly Write[] _writes = new Write[(bytes + granule - 1) / granule];
    private readonly int[] _readers = new int[(bytes + granule - 1) / granule];

    // How many fences a thread has executed, and how many of them a barrier followed.
    private readonly int[] _fences = new int[threads];
    private readonly int[] _knownFences = new int[threads];

    public void StartGroup()
    {
        _writes.AsSpan().Clear();
        _readers.AsSpan().Clear();
        _fences.AsSpan().Clear();
        _knownFences.AsSpan().Clear();
    }

    public void GroupBarrier() => _fences.CopyTo(_knownFences, 0);

    public void Fence(int thread) => _fences[thread]++;

    /// <summary>A thread writes, by itself or by a copy.</summary>
    public void Written(int thread, int address, int count)
    {
        for (int at = address / granule; at * granule < address + count; at++)
        {
            if (_readers[at] > 0)
            {
                throw new PtxException($"thread {thread} writes shared memory at {at * granule} while a product of a warpgroup may still read it: no wgmma.wait_group before");
            }

            _writes[at] = new Write(thread, _fences[thread] + 1);
        }
    }

    /// <summary>A product may read from now on.</summary>
    public void BeginRead(int address, int count)
    {
        for (int at = address / granule; at * granule < address + count; at++)
        {
            if (_writes[at] is var write && write.Fence > _knownFences[write.Thread])
            {
                throw new PtxException(
                    $"a product of a warpgroup reads shared memory at {at * granule}, which thread {write.Thread} wrote with no fence.proxy.async between that and a barrier");
            }

            _readers[at]++;
        }
    }

    /// <summary>It has read.</summary>
    public void EndRead(int address, int count)
    {
        for (int at = address / granule; at * granule < address + count; at++)
        {
            _readers[at]--;
        }
    }

    // The fence is the first of the thread's that lets it be seen.
    private readonly record struct Write(int Thread, int Fence);
}
