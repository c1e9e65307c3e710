namespace Mistral.Ilgpu.PtxMachine;

/// <summary>What kernels may touch of global memory, by their addresses of it; it must stay where it is while one runs.</summary>
public sealed unsafe class GlobalMemory
{
    private readonly List<Range> _ranges = [];
    private Range _last;

    /// <summary>Adds memory of this process under its own address.</summary>
    public void Add(nint pointer, long bytes) => Add((ulong)pointer, pointer, bytes);

    /// <summary>Adds memory of this process under an address for kernels alone.</summary>
    public void Add(ulong address, nint pointer, long bytes)
    {
        int before = Before(address);
        if ((before >= 0 && _ranges[before].End > address) || (before + 1 < _ranges.Count && _ranges[before + 1].From < address + (ulong)bytes))
        {
            throw new PtxException($"{bytes} bytes at {address:x} are there already in part");
        }

        _ranges.Insert(before + 1, new Range(address, address + (ulong)bytes, pointer));
    }

    /// <summary>Takes away what begins at this address.</summary>
    /// <returns>Whether there was such a thing.</returns>
    public bool Remove(ulong address)
    {
        int index = Before(address);
        bool isThere = index >= 0 && _ranges[index].From == address;
        if (isThere)
        {
            _ranges.RemoveAt(index);
            _last = default;
        }

        return isThere;
    }

    /// <summary>Whether something begins before this address and ends behind it.</summary>
    public bool Has(ulong address) => Before(address) is >= 0 and var index && address < _ranges[index].End;

    /// <summary>Where the bytes lie in this process.</summary>
    /// <exception cref="PtxException">They are not all in one range.</exception>
    internal byte* At(ulong address, long bytes)
    {
        if (address < _last.From || address + (ulong)bytes > _last.End)
        {
            int index = Before(address);
            if (index < 0 || address + (ulong)bytes > _ranges[index].End)
            {
                throw new PtxException($"{bytes} bytes of global memory at {Describe(address)}");
            }

            _last = _ranges[index];
        }

        return (byte*)_last.Start + (address - _last.From);
    }

    // The last range that begins at the address or before; −1 without one.
    private int Before(ulong address)
    {
        int low = 0;
        int high = _ranges.Count;
        while (low < high)
        {
            int middle = (low + high) / 2;
            if (_ranges[middle].From <= address)
            {
                low = middle + 1;
            }
            else
            {
                high = middle;
            }
        }

        return low - 1;
    }

    private string Describe(ulong address)
    {
        if (_ranges.Count == 0)
        {
            return $"{address:x}, where nothing is";
        }

        // Which range was meant is a guess.
        var near = _ranges.MinBy(
            range => address < range.From ? range.From - address : address < range.End ? 0 : address - range.End);
        return $"{address:x}, byte {(long)(address - near.From)} of the nearest {near.End - near.From}";
    }

    private readonly record struct Range(ulong From, ulong End, nint Start);
}
