using System.Runtime.CompilerServices;

namespace Mistral.Ilgpu.Kernels.Hardware.Cuda;

/// <summary>
/// The shared memory of a product whose weights come packed, by bulk copies, and are unpacked there. It has three stages of
/// <see cref="WarpgroupMemory"/>, room for the sums of 64 tokens, and three places for lines. In a place are 128 bytes of each of
/// 128 rows, as <see cref="RowsOf128Bytes"/> lays them out. Then come two barriers for each stage, and two for each place.
/// </summary>
public static class LineMemory
{
    public const int LineBytes = 128;

    /// <summary>One is multiplied, one may not be done, and one is unpacked.</summary>
    public const int Stages = 3;

    /// <summary>Places for lines: blocks reach into two at most.</summary>
    public const int Places = 3;

    /// <summary>Of a line of each row.</summary>
    public const int PlaceBytes = TileMemory.Rows * LineBytes;

    public const int SumsAt = Stages * WarpgroupMemory.StageBytes;

    public const int LinesAt = SumsAt + (BulkMemory.SumTokens * WarpgroupSums.PitchBytes);

    /// <summary>The barriers at which a stage is full.</summary>
    public const int FullAt = LinesAt + (Places * PlaceBytes);

    /// <summary>Those at which it has been multiplied.</summary>
    public const int FreeAt = FullAt + (Stages * PhaseBarrier.Bytes);

    /// <summary>Those at which lines have come.</summary>
    public const int LinesFullAt = FreeAt + (Stages * PhaseBarrier.Bytes);

    /// <summary>Those at which they have been read.</summary>
    public const int LinesFreeAt = LinesFullAt + (Places * PhaseBarrier.Bytes);

    private const int End = LinesFreeAt + (Places * PhaseBarrier.Bytes);

    /// <summary>What a launch gives each group.</summary>
    public const int Bytes = End + WarpgroupMemory.Alignment;
}
