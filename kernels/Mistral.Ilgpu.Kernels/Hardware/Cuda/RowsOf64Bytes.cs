using System.Runtime.CompilerServices;

namespace Mistral.Ilgpu.Kernels.Hardware.Cuda;

/// <summary>The tiles of <see cref="TileMemory"/>.</summary>
internal readonly struct RowsOf64Bytes : ITileLayout
{
    public static int PieceBits
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        get => 2;
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static uint At(int row, int piece) => TileMemory.At(row, piece);
}
