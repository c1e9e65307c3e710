using System.Runtime.CompilerServices;
using ILGPU;
using ILGPU.IR.Intrinsics;

namespace Mistral.Ilgpu.Kernels.Hardware.Waves;

/// <summary>
/// The shared memory of a tiled product on matrix cores. A stage has 128 rows of weights and then 128 rows of activations, one
/// for each token, each of 32 columns in 16 bits. A row is four pieces of 16 bytes. Piece p of row r lies where piece p xor (r /
/// 2 mod 4) would, because then eight rows that are read at once lie in different banks. So do the pieces of two rows that eight
/// lanes write. Example: row 5 is pieces 20 to 23, and its piece 1 lies at 20 + (1 xor 2) = 23.
/// </summary>
public static class MatrixTile
{
    /// <summary>Items of a group that shares it.</summary>
    public const int GroupSize = 256;

    /// <summary>Rows of weights, and tokens.</summary>
    public const int Rows = 128;

    /// <summary>Columns of a stage.</summary>
    public const int Depth = 32;

    /// <summary>Numbers of a piece.</summary>
    public const int PieceLength = 8;

    /// <summary>Pieces of a row.</summary>
    public const int Pieces = Depth / PieceLength;

    /// <summary>Pieces of the weights of a stage; the tokens follow.</summary>
    public const int TilePieces = Rows * Pieces;

    /// <summary>Pieces of a stage.</summary>
    public const int StagePieces = 2 * TilePieces;

    /// <summary>While one stage is multiplied the next is written.</summary>
    public const int Stages = 2;

    /// <summary>What <see cref="KeepWaves"/> leaves in a text of OpenCL C.</summary>
    internal const string KeepsWaves = "wave_keeps_waves;";

    /// <summary>Where a piece of a row of a stage lies. Sixteen rows further down it lies 64 pieces further.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal static int At(int row, int piece) => (row * Pieces) + (piece ^ ((row >> 1) & (Pieces - 1)));

    /// <summary>
    /// Tells AMD's compiler how many waves a SIMD is to have room for, once in a kernel: as many as the shared memory lets in. It
    /// then spends fewer registers on loads, and on CDNA keeps sums where both kinds of instructions reach them.
    /// </summary>
    [Bodies(Cuda = nameof(NothingOnCuda)), Wave(KeepsWaves), IntrinsicImplementation]
    public static void KeepWaves()
    {
    }

    /// <summary>Loads before it begin before what comes after it. A compiler would move those of the next stage to where they are
    /// written, and their wait would be all that is left of them.</summary>
    [Bodies(Cuda = nameof(NothingOnCuda)), Wave("wave_begun();"), IntrinsicImplementation]
    public static void Begun()
    {
    }

    /// <summary>
    /// The half of the group that the item is in, 0 or 1. All lanes of a wave share it, and AMD's compiler is told so. A branch
    /// on it is then the wave's, which jumps over one side. Where lanes may differ it walks both.
    /// </summary>
    [Bodies(Cuda = nameof(HalfOnCuda)), Wave("result = wave_uniform((int)get_local_id(0) >> 7);"), IntrinsicImplementation]
    public static int Half() => Group.IdxX / Rows;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static int HalfOnCuda() => Group.IdxX / Rows;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void NothingOnCuda()
    {
    }
}
