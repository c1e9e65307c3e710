namespace Mistral.Ilgpu.Model.Cache;

/// <summary>Storage of the pages of one ring length, on a device or in a test's memory.</summary>
internal interface IPageStore
{
    /// <summary>Maps a part of a sequence's ring to a page.</summary>
    /// <param name="row">The sequence's row of the page table.</param>
    /// <param name="ringPage">The index of the part in the ring, from 0.</param>
    void Set(int row, int ringPage, int page);

    /// <summary>Copies a page in every layer before the next pass.</summary>
    void Copy(int from, int to);

    /// <summary>Copies changes of the table to where passes read them.</summary>
    void Flush();
}
