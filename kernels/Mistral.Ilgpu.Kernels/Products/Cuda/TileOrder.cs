using System.Runtime.CompilerServices;
using ILGPU;

namespace Mistral.Ilgpu.Kernels.Products.Cuda;

/// <summary>
/// The order in which groups take the tiles of a product. Those that are under way together share rows of weights and tokens,
/// which the L2 cache then reads once. Up to eight tiles of 256 tokens go together, each with all rows. So 64 pairs of groups
/// read 2,048 rows of weights and 2,048 tokens at a time.
/// </summary>
/// <param name="Rows">Tiles of 256 rows down the weights, or of 128 pairs of gated rows.</param>
/// <param name="Tokens">Tiles across the tokens.</param>
public readonly record struct TileOrder(int Rows, int Tokens)
{
    private const int Together = 8;

    public int Count
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        get => Rows * Tokens;
    }

    /// <summary>The tile of tokens of an index.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public int Token(int index)
    {
        int first = First(index);
        return first + ((index - (first * Rows)) % Width(first));
    }

    /// <summary>The tile of rows of an index.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public int Row(int index)
    {
        int first = First(index);
        return (index - (first * Rows)) / Width(first);
    }

    // The first tile of tokens of those that go together.
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private int First(int index) => index / (Together * Rows) * Together;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private int Width(int first) => IntrinsicMath.Min(Together, Tokens - first);
}
