using System.Runtime.CompilerServices;

namespace Mistral.Ilgpu.Kernels.Attention;

/// <summary>
/// How keys and values lie in memory: in tiles of <see cref="Length"/> neighbouring positions that start at multiples of it.
/// Within a tile each kv head has its keys as headDim × 16 and its values as 16 × headDim. So scores are sums side by side over
/// positions, and outputs over elements. No kernel adds up across lanes. Formats with scales have one for each run of
/// <see cref="Run"/> elements of a head, keys' as runs × 16 and values' as 16 × runs.
/// </summary>
public static class TileLayout
{
    /// <summary>Positions in one tile.</summary>
    public const int Length = 16;

    /// <summary>Elements of a head that share a scale.</summary>
    public const int Run = 32;

    /// <summary>Where the keys, and the values, of a kv head in a tile start.</summary>
    /// <param name="tile">Counted in memory, not in the text.</param>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static long At(int tile, int kvHeads, int kvHead, int headDim) => (((long)tile * kvHeads) + kvHead) * Length * headDim;

    /// <summary>Where their scales start.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static long ScalesAt(int tile, int kvHeads, int kvHead, int headDim) =>
        (((long)tile * kvHeads) + kvHead) * Length * (headDim / Run);
}
