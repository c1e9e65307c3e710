namespace Mistral.Ilgpu.Model.Cache;

/// <summary>Where the pages of one ring length lie: on a device, or in a test's memory.</summary>
internal interface IPageStore
{
    /// <summary>Makes a page the one that holds a part of a sequence's ring.</summary>
    /// <param name="row">The sequence's row of the page table.</param>
    /// <param name="ringPage">Which part of the ring, from 0.</param>
    void Set(int row, int ringPage, int page);

    /// <summary>Copies a page in every layer, before the next pass.</summary>
    void Copy(int from, int to);

    /// <summary>Brings changes of the table to where passes read them.</summary>
    void Flush();
}
