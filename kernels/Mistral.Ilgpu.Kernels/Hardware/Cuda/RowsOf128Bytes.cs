using System.Runtime.CompilerServices;

namespace Mistral.Ilgpu.Kernels.Hardware.Cuda;

/// <summary>
/// The tiles of <see cref="WarpgroupMemory"/>. A row is a line of the L2 cache, so that a copy by a warp reads four whole lines.
/// Piece p of row r lies where piece p xor (r mod 8) would. That is what <c>wgmma</c> calls a 128-byte swizzle. Then eight rows'
/// pieces of one number lie in different banks, and so do the pieces of one row.
/// </summary>
internal readonly struct RowsOf128Bytes : ITileLayout
{
    public static int PieceBits
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        get => 3;
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static uint At(int row, int piece) =>
        (uint)((row * WarpgroupMemory.RowBytes) + ((piece ^ (row & 7)) * TileMemory.PieceBytes));
}
