using ILGPU;
using Mistral.Ilgpu.Kernels.Contract;
using Mistral.Ilgpu.Kernels.Hardware.Waves;
using Mistral.Ilgpu.Kernels.Products.Cuda;

namespace Mistral.Ilgpu.Kernels.Products.Matrix;

/// <summary>Weights that 128 items of a group bring to shared memory in tiles of 16-bit numbers, see <see cref="MatrixTile"/>.
/// </summary>
public interface IWaveTiles
{
    /// <summary>Whether <see cref="Put"/> converts them.</summary>
    static abstract bool AreConverted { get; }

    /// <summary>What sums are to be multiplied with.</summary>
    float Scale { get; }

    /// <summary>Of a row.</summary>
    int Columns { get; }

    /// <summary>Reads the item's part of the tile from <paramref name="column"/> on, as it is in global memory.</summary>
    /// <param name="item">Of the 128.</param>
    TilePart Fetch(int item, TileRows rows, int column);

    /// <summary>
    /// Writes it to its place. Columns that do not exist get zeros or others of the row's numbers, because tokens are zeros
    /// there.
    /// </summary>
    /// <param name="stage">Where the stage begins.</param>
    void Put(in TilePart part, int item, ArrayView<Pack> memory, int stage, int column);
}
