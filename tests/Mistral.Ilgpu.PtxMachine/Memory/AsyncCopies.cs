namespace Mistral.Ilgpu.PtxMachine;

/// <summary>
/// A thread's <c>cp.async</c> copies. Nothing arrives before the wait for it. On hardware it may come at any time between.
/// </summary>
internal sealed unsafe class AsyncCopies(SharedMemory shared, GlobalMemory global, GroupMemory? seen, int thread)
{
    private readonly Queue<List<Copy>> _groups = new();
    private List<Copy> _open = [];

    public void Start(ulong destination, ulong source, int bytes, int sourceBytes)
    {
        if (bytes is not (4 or 8 or 16) || sourceBytes < 0 || sourceBytes > bytes)
        {
            throw new PtxException($"a copy of {sourceBytes} of {bytes} bytes");
        }

        if (destination % (ulong)bytes != 0 || source % (ulong)bytes != 0)
        {
            throw new PtxException($"misaligned copy of {bytes} bytes to {destination:x} from {source:x}");
        }

        shared.StartCopy(thread, destination, bytes);
        _open.Add(new Copy(destination, source, bytes, sourceBytes));
    }

    public void Commit()
    {
        _groups.Enqueue(_open);
        _open = [];
    }

    /// <summary>Delivers all groups but the newest <paramref name="pending"/>.</summary>
    public void Wait(int pending)
    {
        while (_groups.Count > pending)
        {
            foreach (var (destination, source, bytes, sourceBytes) in _groups.Dequeue())
            {
                var to = new Span<byte>(shared.EndCopy(thread, destination, bytes), bytes);
                to.Clear();
                if (sourceBytes == 0)
                {
                    continue;
                }

                new Span<byte>(global.At(source, sourceBytes), sourceBytes).CopyTo(to);
                seen?.Read(source, to[..sourceBytes], isFresh: false);
            }
        }
    }

    private readonly record struct Copy(ulong Destination, ulong Source, int Bytes, int SourceBytes);
}
