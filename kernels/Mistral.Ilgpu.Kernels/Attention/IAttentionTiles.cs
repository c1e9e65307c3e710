namespace Mistral.Ilgpu.Kernels.Attention;

/// <summary>
/// A block of attention as one work item does it, tile of keys by tile: decode the tile's keys and values once for all queries;
/// for four queries at a time sum the scores, take them into the running maximum and sum (online softmax: Milakov and Gimelshein,
/// arXiv 1805.02867, algorithm 3), and add the weighted values to the outputs. A query's sums do not depend on the others of the
/// block.
/// </summary>
public interface IAttentionTiles<TSelf, TElement>
    where TSelf : struct, IAttentionTiles<TSelf, TElement>
    where TElement : unmanaged
{
    static abstract TSelf Create(AttentionInput<TElement> input);

    void Attend(AttentionBlock block, AttentionOutput output);
}
