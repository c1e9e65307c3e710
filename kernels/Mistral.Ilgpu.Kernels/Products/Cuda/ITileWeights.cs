using Mistral.Ilgpu.Kernels.Hardware.Cuda;
using Mistral.Ilgpu.Kernels.Hardware.Waves;
using Mistral.Ilgpu.Kernels.Products.Waves;

namespace Mistral.Ilgpu.Kernels.Products.Cuda;

/// <summary>
/// Weights that come to shared memory in tiles of 16-bit numbers: 128 threads bring a tile of rows of 64 bytes, and a half of one
/// of rows of 128 bytes. A half is rows of copies, and otherwise columns.
/// </summary>
public interface ITileWeights
{
    /// <summary>What sums are to be multiplied with.</summary>
    float Scale { get; }

    /// <summary>Of a row.</summary>
    int Columns { get; }

    /// <summary>Begins to read the thread's part of the tile from <paramref name="column"/> on, where it is not a plain
    /// copy.</summary>
    /// <param name="thread">Of the 128.</param>
    /// <param name="half">0 or 1; 0 of whole tiles.</param>
    TilePart Fetch(int thread, TileRows rows, int column, int half);

    /// <summary>Whether <see cref="Put"/> begins plain copies, which go on by themselves.</summary>
    static abstract bool AreCopied { get; }

    /// <summary>Where they are in global memory, for plain copies.</summary>
    long Address { get; }

    /// <summary>
    /// Brings it to its place. Columns that do not exist get zeros or others of the row's numbers, because tokens are zeros
    /// there.
    /// </summary>
    /// <param name="address"><see cref="Address"/>, found once.</param>
    void Put<TLayout>(in TilePart part, int thread, uint tile, TileRows rows, int column, int half, long address)
        where TLayout : struct, ITileLayout;
}
