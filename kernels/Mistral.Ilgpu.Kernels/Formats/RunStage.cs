using System.Runtime.CompilerServices;
using Mistral.Ilgpu.Kernels.Contract;
using Mistral.Ilgpu.Kernels.Hardware.Cuda;
using Mistral.Ilgpu.Kernels.Hardware.Waves;
using Mistral.Ilgpu.Kernels.Hardware.Lanes;

namespace Mistral.Ilgpu.Kernels.Formats;

/// <summary>What stages of all formats have in common, and loads from them.</summary>
public static class RunStage
{
    public const int Runs = 8;

    public const int Columns = Runs * BlockRun.Length;

    /// <summary>Rows of a matrix.</summary>
    public const int Rows = 32;

    /// <summary>Bytes from a token's quants to the next one's.</summary>
    public const int ValuesPitch = Columns + TileMemory.PieceBytes;

    /// <summary>And of entries.</summary>
    public const int EntriesPitch = (Runs + 1) * TileMemory.PieceBytes;

    /// <summary>
    /// Whether a thread has registers for both matrices of a gated pair: a run has one scale, and takes few instructions to
    /// decode.
    /// </summary>
    public static bool HasRegisters<TFormat>()
        where TFormat : struct, IPackedFormat =>
        TFormat.BlockLength == BlockRun.Length && !TFormat.HasOffsets && !TFormat.IsUneven;

    /// <summary>Bytes of a row's quants.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static int QuantBytesOf<TFormat>()
        where TFormat : struct, IPackedFormat => Columns / TFormat.BlockLength * TFormat.QuantBytes;

    /// <summary>Bytes of its scales in global memory.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static int ScaleBytesOf<TFormat>()
        where TFormat : struct, IPackedFormat => Columns / TFormat.BlockLength * TFormat.ScaleWords * sizeof(ushort);

    /// <summary>Whether those are whole pieces, and so in the stage; otherwise each lane loads its own as it needs
    /// them.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static bool HasScales<TFormat>()
        where TFormat : struct, IPackedFormat => ScaleBytesOf<TFormat>() % TileMemory.PieceBytes == 0;

    /// <summary>Bytes from a row of weights to the next.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static int PitchOf<TFormat>()
        where TFormat : struct, IPackedFormat =>
        (((QuantBytesOf<TFormat>() + (HasScales<TFormat>() ? ScaleBytesOf<TFormat>() : 0)) / TileMemory.PieceBytes) | 1)
        * TileMemory.PieceBytes;

    /// <summary>A piece of 32 rows: the lane's word, number lane mod 4, of the rows lane / 4, and 8, 16 and 24 below.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal static Pack PieceOfRows(uint quants, int piece)
    {
        var loaded = TileMemory.Load(quants + (uint)(piece * TileMemory.PieceBytes));
        return new Pack { A = loaded.A, B = loaded.B, C = loaded.C, D = loaded.D };
    }

    /// <summary>Two neighbouring pieces of 32 rows: of the upper sixteen rows in Low, of the lower in High, both as a product
    /// takes them.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal static RunWords PiecesOfRows<TFormat>(uint quants, int piece)
        where TFormat : struct, IPackedFormat => new()
        {
            Low = PieceOfRows(quants, piece), High = PieceOfRows(quants + (uint)(16 * PitchOf<TFormat>()), piece),
        };

    /// <summary>The same with two pieces of upper bits.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal static RunWords PiecesOfRows<TFormat>(uint quants, int piece, int upper)
        where TFormat : struct, IPackedFormat
    {
        var words = PiecesOfRows<TFormat>(quants, piece);
        var uppers = PiecesOfRows<TFormat>(quants, upper);
        (words.UpperLow, words.UpperHigh) = (uppers.Low, uppers.High);
        return words;
    }

    /// <summary>What <see cref="IPackedFormat.ScaleWordsOf"/> reads.</summary>
    /// <param name="scales">See <see cref="Products.Cuda.RunPlace.Scales"/>.</param>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Pack ScaleWordsOf<TFormat>(uint scales)
        where TFormat : struct, IPackedFormat =>
        TFormat.ScaleWords == 1 ? new Pack { A = TensorShared.LoadHalf(scales) }
        : TFormat.ScaleWords == 2 ? new Pack { A = TensorShared.LoadWord(scales) }
        : TensorShared.LoadPack(scales);
}
