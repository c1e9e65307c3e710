using System.Runtime.CompilerServices;
using Mistral.Ilgpu.Kernels.Contract;

namespace Mistral.Ilgpu.Kernels.Attention;

/// <summary>
/// The queries of a few tokens over the heads that share a kv head, and the tiles of keys that they attend to. Query i is that
/// of token i / group and of head i mod group.
/// </summary>
/// <param name="Queries">The tokens; keys before their <see cref="QueryTile.Start"/> are in the ring, the others fresh.</param>
/// <param name="EndTile">The tile behind the last.</param>
public readonly record struct AttentionBlock(QueryTile Queries, int KvHead, int FirstTile, int EndTile)
{
    /// <summary>The most queries in a block.</summary>
    public const int MaxQueries = 64;

    /// <summary>All tiles that one of the queries can see: those outside the window's reach are never touched.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static AttentionBlock Visible(QueryTile queries, int kvHead, int window) => new(
        queries,
        kvHead,
        SlidingWindow.FirstVisible(queries.Position, window) / TileLayout.Length,
        ((queries.Position + queries.Tokens - 1) / TileLayout.Length) + 1);
}
