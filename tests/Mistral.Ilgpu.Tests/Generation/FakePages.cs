using System.Runtime.InteropServices;
using Mistral.Ilgpu.Model.Cache;

namespace Mistral.Ilgpu.Tests.Generation;

/// <summary>Pages in the test's memory: what each position of a ring holds is one number.</summary>
internal sealed class FakePages : IPageStore
{
    private readonly int _pageLength;
    private readonly int[,] _table;
    private readonly ulong[] _content;

    public FakePages(int ringLength, int pageLength, int pages, int sequences)
    {
        _pageLength = pageLength;
        Rings = new RingPages(ringLength, pageLength, pages, this);
        _table = new int[sequences, Rings.PagesPerRing];
        _content = new ulong[pages * pageLength];
    }

    public RingPages Rings { get; }

    public long PageBytes => _pageLength * sizeof(ulong);

    /// <summary>What the position's slot of the sequence's ring holds.</summary>
    public ref ulong At(Sequence sequence, int position) => ref _content[
        (_table[sequence.Row, position / _pageLength % Rings.PagesPerRing] * _pageLength) + (position % _pageLength)];

    public void Set(int row, int ringPage, int page) => _table[row, ringPage] = page;

    public void Copy(int from, int to) =>
        Array.Copy(_content, from * _pageLength, _content, to * _pageLength, _pageLength);

    public void Save(int page, Span<byte> to) => MemoryMarshal.AsBytes(Page(page)).CopyTo(to);

    public void Load(int page, ReadOnlySpan<byte> from) => from.CopyTo(MemoryMarshal.AsBytes(Page(page)));

    public void Flush()
    {
    }

    private Span<ulong> Page(int page) => _content.AsSpan(page * _pageLength, _pageLength);
}
