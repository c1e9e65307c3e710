namespace Mistral.Ilgpu.Model.Cache;

/// <summary>A copy of pages in host memory.</summary>
/// <param name="bytes">Memory that the garbage collector does not move, because devices copy to and from it.</param>
internal sealed class HostPage(byte[] bytes)
{
    public byte[] Bytes => bytes;

    /// <summary>The prefix that ends with these pages; null for those of a parked text.</summary>
    public PrefixKey? Key { get; init; }

    /// <summary>See <see cref="KnownPrefix.IsExact"/>.</summary>
    public bool IsExact { get; init; }

    /// <summary>The text whose pages they are; null for those of a prefix.</summary>
    public ParkedSequence? Owner { get; init; }

    /// <summary>Whether they may not be dropped now.</summary>
    public bool IsInUse { get; set; }

    /// <summary>Its place among all, in the order of their last use; null once it is dropped.</summary>
    public LinkedListNode<HostPage>? Node { get; set; }
}
