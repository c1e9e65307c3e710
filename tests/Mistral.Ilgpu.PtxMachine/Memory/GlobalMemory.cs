namespace Mistral.Ilgpu.PtxMachine;

/// <summary>The ranges of this process's memory that a kernel may touch; they must stay where they are while it runs.</summary>
public sealed unsafe class GlobalMemory
{
    private readonly List<(ulong From, ulong End)> _ranges = [];
    private (ulong From, ulong End) _last;

    /// <summary>Adds a range; what overlaps becomes one.</summary>
    public void Add(nint pointer, long bytes)
    {
        if (bytes == 0)
        {
            return;
        }

        var (from, end) = ((ulong)pointer, (ulong)pointer + (ulong)bytes);
        for (int i = _ranges.Count - 1; i >= 0; i--)
        {
            var other = _ranges[i];
            if (other.From < end && from < other.End)
            {
                (from, end) = (Math.Min(from, other.From), Math.Max(end, other.End));
                _ranges.RemoveAt(i);
            }
        }

        _ranges.Add((from, end));
        _last = default;
    }

    /// <exception cref="PtxException">The bytes are not all in one range.</exception>
    internal byte* At(ulong address, int bytes)
    {
        if (address < _last.From || address + (ulong)bytes > _last.End)
        {
            _last = _ranges.Find(range => address >= range.From && address + (ulong)bytes <= range.End);
            if (_last.End == 0)
            {
                throw new PtxException($"{bytes} bytes of global memory at {Describe(address)}");
            }
        }

        return (byte*)address;
    }

    private string Describe(ulong address)
    {
        if (_ranges.Count == 0)
        {
            return $"{address:x}, where nothing is";
        }

        // Which range was meant is a guess.
        var near = _ranges.MinBy(range => address < range.From ? range.From - address : address < range.End ? 0 : address - range.End);
        return $"{address:x}, byte {(long)(address - near.From)} of the nearest {near.End - near.From}";
    }
}
