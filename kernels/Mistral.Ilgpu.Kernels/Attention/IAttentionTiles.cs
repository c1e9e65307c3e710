namespace Mistral.Ilgpu.Kernels.Attention;

/// <summary>
/// A block of attention by one work item, tile of keys by tile. It decodes the tile's keys and values once for all queries. For
/// four queries at a time it sums the scores, and takes them into the running maximum and sum. That is the online softmax
/// (Milakov and Gimelshein, arXiv 1805.02867, algorithm 3). Then it adds the weighted values to the outputs. A query's sums do
/// not depend on the others of the block.
/// </summary>
public interface IAttentionTiles<TSelf, TElement>
    where TSelf : struct, IAttentionTiles<TSelf, TElement>
    where TElement : unmanaged
{
    static abstract TSelf Create(AttentionInput<TElement> input);

    void Attend(AttentionBlock block, AttentionOutput output);
}
