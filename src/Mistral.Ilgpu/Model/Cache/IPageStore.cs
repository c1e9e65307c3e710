namespace Mistral.Ilgpu.Model.Cache;

/// <summary>Storage of the pages of one ring length, on a device or in a test's memory.</summary>
internal interface IPageStore
{
    /// <summary>Bytes of a page in all layers.</summary>
    long PageBytes { get; }

    /// <summary>Maps a part of a sequence's ring to a page.</summary>
    /// <param name="row">The sequence's row of the page table.</param>
    /// <param name="ringPage">The index of the part in the ring, from 0.</param>
    void Set(int row, int ringPage, int page);

    /// <summary>Copies a page in every layer before the next pass.</summary>
    void Copy(int from, int to);

    /// <summary>Copies a page of every layer to host memory, of <see cref="PageBytes"/>, behind the passes so
    /// far.</summary>
    void Save(int page, Span<byte> to);

    /// <summary>Copies a page of every layer from host memory before the next pass.</summary>
    void Load(int page, ReadOnlySpan<byte> from);

    /// <summary>Copies changes of the table to where passes read them.</summary>
    void Flush();
}
