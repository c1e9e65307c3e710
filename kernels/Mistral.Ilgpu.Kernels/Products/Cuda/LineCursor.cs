using System.Runtime.CompilerServices;

namespace Mistral.Ilgpu.Kernels.Products.Cuda;

/// <summary>Which lines come next, and to which of <see cref="LinePlaces"/>.</summary>
/// <param name="Line">Of the rows of the tile.</param>
/// <param name="Round">The parity of how often all places have been used.</param>
internal readonly record struct LineCursor(int Tile, int Line, uint Place, uint Round)
{
    /// <param name="lines">Of a row.</param>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public LineCursor Next(int lines)
    {
        bool isLast = Line + 1 == lines;
        uint place = LinePlaces.After(Place);
        return new LineCursor(
            isLast ? Tile + BulkTiles.Step : Tile, isLast ? 0 : Line + 1, place, Round ^ (place == 0 ? 1u : 0));
    }
}
