using ILGPU.Runtime;
using ILGPU;
using Mistral.Ilgpu.Checkpoints.Files;
using Mistral.Ilgpu.Execution.Buffers;
using Mistral.Ilgpu.Execution.Devices;

namespace Mistral.Ilgpu.Model.Cache;

/// <summary>
/// The pages of the layers with the same ring length on one device, and the table that maps rings to pages. A page has the same
/// index in each of these layers.
/// </summary>
internal sealed class KvPool : IPageStore, IDisposable
{
    private readonly ComputeDevice _device;
    private readonly List<IDisposable> _buffers = [];
    private readonly List<KvBuffers> _layers = [];
    private readonly int _pages;
    private readonly int _pagesPerRing;
    private readonly int[] _table;
    private readonly DeviceBuffer<int> _deviceTable;
    private int _dirtyFrom;
    private int _dirtyEnd;

    public KvPool(ComputeDevice device, KvShape shape, int ringLength, int layers, int pages, int sequences)
    {
        (_device, _pages, _pagesPerRing, Shape) = (device, pages, ringLength / shape.PageLength, shape);
        _table = new int[sequences * _pagesPerRing];
        try
        {
            _deviceTable = device.Allocate<int>(_table.Length, "the page table");
            _buffers.Add(_deviceTable);
            for (int layer = 0; layer < layers; layer++)
            {
                _layers.Add(shape.Allocate(device, (long)pages * shape.PageLength, _buffers));
            }
        }
        catch
        {
            Dispose();
            throw;
        }
    }

    public KvShape Shape { get; }

    public IReadOnlyList<KvBuffers> Layers => _layers;

    public long PageBytes => Shape.PageBytes * _layers.Count;

    public PageTable Table => new(_deviceTable.View, _pagesPerRing, new Divisor(Shape.PageLength / TileLayout.Length));

    public void Set(int row, int ringPage, int page)
    {
        int at = (row * _pagesPerRing) + ringPage;
        _table[at] = page;
        _dirtyFrom = _dirtyEnd == 0 ? at : Math.Min(_dirtyFrom, at);
        _dirtyEnd = Math.Max(_dirtyEnd, at + 1);
    }

    public void Flush()
    {
        if (_dirtyEnd > 0)
        {
            int count = _dirtyEnd - _dirtyFrom;
            _deviceTable.View.SubView(_dirtyFrom, count).CopyFromCPU(_device.Stream, _table.AsSpan(_dirtyFrom, count));
            (_dirtyFrom, _dirtyEnd) = (0, 0);
        }
    }

    public void Copy(int from, int to)
    {
        foreach (var view in Views())
        {
            PageOf(view, to).CopyFrom(_device.Stream, PageOf(view, from));
        }
    }

    public void Save(int page, Span<byte> to)
    {
        foreach (var view in Views())
        {
            var from = PageOf(view, page);
            from.CopyToCPU(_device.Stream, to[..(int)from.Length]);
            to = to[(int)from.Length..];
        }
    }

    public void Load(int page, ReadOnlySpan<byte> from)
    {
        foreach (var view in Views())
        {
            var to = PageOf(view, page);
            to.CopyFromCPU(_device.Stream, from[..(int)to.Length]);
            from = from[(int)to.Length..];
        }
    }

    /// <summary>Whether any key or value in f16 on these pages is not finite.</summary>
    public bool HasOverflow(int firstPage, int pages, int bytesAtOnce)
    {
        using var rented = new RentedBytes(bytesAtOnce);
        foreach (var view in _layers.SelectMany(layer => new[] { layer.Keys, layer.Values }))
        {
            long pageBytes = view.Length / _pages;
            long end = (firstPage + pages) * pageBytes;
            for (long at = firstPage * pageBytes; at < end; at += bytesAtOnce)
            {
                var bytes = rented.Bytes[..(int)Math.Min(bytesAtOnce, end - at)];
                view.SubView(at, bytes.Length).CopyToCPU(_device.Stream, bytes);
                if (TensorFormat.Float16.Descriptor().FirstNotFinite(bytes) >= 0)
                {
                    return true;
                }
            }
        }

        return false;
    }

    public void Dispose()
    {
        foreach (var buffer in _buffers)
        {
            buffer.Dispose();
        }
    }

    private IEnumerable<ArrayView<byte>> Views()
    {
        foreach (var layer in _layers)
        {
            yield return layer.Keys;
            yield return layer.Values;
            if (Shape.IsScaled)
            {
                yield return layer.KeyScales.Cast<byte>();
                yield return layer.ValueScales.Cast<byte>();
            }
        }
    }

    private ArrayView<byte> PageOf(ArrayView<byte> view, int page)
    {
        long length = view.Length / _pages;
        return view.SubView(page * length, length);
    }
}
