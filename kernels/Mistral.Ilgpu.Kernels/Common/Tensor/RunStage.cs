using System.Runtime.CompilerServices;
using ILGPU.Runtime.Cuda;

namespace Mistral.Ilgpu.Kernels;

/// <summary>
/// The shared memory of <see cref="BlockMatVecTensor{TFormat,TTokens,TEpilogue}"/>, by address. A stage is eight runs: 32 rows of weights as they
/// lie in global memory, a row's quants and behind them its scales, of a gated pair the rows that they gate below them; then the tokens' quants;
/// then the entries of their runs. Rows lie an odd number of 16-byte pieces apart, so that the pieces of eight rows are in different banks.
/// </summary>
internal static class RunStage<TFormat, TTokens, TEpilogue>
    where TFormat : struct, IPackedFormat
    where TTokens : struct, ITokenBlocks
    where TEpilogue : struct, IEpilogue
{
    public static int WeightRows => TEpilogue.IsGated ? 2 * RunStage.Rows : RunStage.Rows;

    /// <summary>Where the quants of the tokens begin.</summary>
    public static int ValuesAt => WeightRows * RunStage.PitchOf<TFormat>();

    /// <summary>Where the entries of their runs begin.</summary>
    public static int EntriesAt => ValuesAt + (TTokens.Tokens * RunStage.ValuesPitch);

    public static int Bytes => EntriesAt + (TTokens.Tokens * RunStage.EntriesPitch);

    /// <summary>As many as there is room for, four at most.</summary>
    public static int Count => TileMemory.Bytes / Bytes >= 4 ? 4 : TileMemory.Bytes / Bytes;

    /// <summary>What the lane multiplies of each stage.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static RunPlace PlaceOf<TWarps>()
        where TWarps : struct, IRunWarps
    {
        // Matrices of 8 × 16 bytes: the first eight tokens' halves of the run, then the others'.
        int pitch = RunStage.PitchOf<TFormat>();
        int lane = TensorLane.Index;
        int run = TensorLane.Warp & (RunStage.Runs - 1);
        int matrix = TWarps.AreApart ? TensorLane.Warp / RunStage.Runs * RunStage.Rows * pitch : 0;
        int token = (lane & 7) + (TTokens.AreTwo ? (lane >> 4) << 3 : 0);
        int piece = (2 * run) + ((lane >> 3) & 1);
        return new RunPlace
        {
            Run = Hoisted.Of(run),
            Quants = Hoisted.Of((uint)(matrix + (TFormat.HalvesAreApart ? ((lane & 15) * pitch) + ((lane >> 4) * TileMemory.PieceBytes) : lane * pitch))),
            Scales = Hoisted.Of((uint)(matrix + (lane * pitch) + RunStage.QuantBytesOf<TFormat>()
                + (TFormat.BlockLength == BlockRun.Length ? run * TFormat.ScaleWords * sizeof(ushort) : 0))),
            Values = Hoisted.Of((uint)(ValuesAt + (token * RunStage.ValuesPitch) + (piece * TileMemory.PieceBytes))),
            Entries = Hoisted.Of((uint)(EntriesAt + (TensorLane.Column * RunStage.EntriesPitch) + (run * TileMemory.PieceBytes))),
        };
    }

    /// <summary>Waits until the oldest stage of this thread's copies is there; a barrier makes those of others seen.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void WaitForOldest()
    {
        if (Count == 4)
        {
            CudaAsm.Emit("cp.async.wait_group 2;");
        }
        else if (Count == 3)
        {
            TileMemory.WaitForAllButOne();
        }
        else
        {
            CudaAsm.Emit("cp.async.wait_group 0;");
        }
    }

    /// <summary>The stage that follows.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static uint Next(uint stage, uint memory) =>
        stage == memory + (uint)((Count - 1) * Bytes) ? memory : stage + (uint)Bytes;

    /// <summary>The one that is to be filled again, when this one is multiplied.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static uint Before(uint stage, uint memory) =>
        stage == memory ? memory + (uint)((Count - 1) * Bytes) : stage - (uint)Bytes;
}

/// <summary>
/// Where weights and tokens in eight bits lie in global memory, for copies that go on while a group computes: ILGPU has no word for it in a kernel.
/// </summary>
/// <param name="Quants">See <see cref="BlockWeights"/>.</param>
/// <param name="Scales">Likewise.</param>
/// <param name="Values">See <see cref="PackedInput"/>.</param>
/// <param name="Entries">Of its runs.</param>
public readonly record struct RunAddresses(long Quants, long Scales, long Values, long Entries);

/// <summary>Where a lane finds in a stage what it multiplies.</summary>
/// <param name="Run">The warp's.</param>
/// <param name="Quants">The row of weights that has the lane's number; where halves are apart the row lane mod 16, from lane 16 on the 16 bytes behind: the
/// places that a load of four matrices wants named.</param>
/// <param name="Scales">The scales of the run, or of its block, of the row that has the lane's number.</param>
/// <param name="Values">The 16 bytes that it names where the warp loads its tokens' quants.</param>
/// <param name="Entries">The run's entry of the token 2 × (lane mod 4).</param>
internal record struct RunPlace(int Run, uint Quants, uint Scales, uint Values, uint Entries);

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

    /// <summary>Whether a thread has registers for both matrices of a gated pair: a run has one scale, and that and its quants are soon found.</summary>
    public static bool HasRegisters<TFormat>()
        where TFormat : struct, IPackedFormat => TFormat.BlockLength == BlockRun.Length && !TFormat.HasOffsets && !TFormat.IsUneven;

    /// <summary>Bytes of a row's quants.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static int QuantBytesOf<TFormat>()
        where TFormat : struct, IPackedFormat => Columns / TFormat.BlockLength * TFormat.QuantBytes;

    /// <summary>Bytes of its scales in global memory.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static int ScaleBytesOf<TFormat>()
        where TFormat : struct, IPackedFormat => Columns / TFormat.BlockLength * TFormat.ScaleWords * sizeof(ushort);

    /// <summary>Whether those are whole pieces, and so in the stage; otherwise each lane loads its own as it needs them.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static bool HasScales<TFormat>()
        where TFormat : struct, IPackedFormat => ScaleBytesOf<TFormat>() % TileMemory.PieceBytes == 0;

    /// <summary>Bytes from a row of weights to the next.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static int PitchOf<TFormat>()
        where TFormat : struct, IPackedFormat =>
        (((QuantBytesOf<TFormat>() + (HasScales<TFormat>() ? ScaleBytesOf<TFormat>() : 0)) / TileMemory.PieceBytes) | 1) * TileMemory.PieceBytes;

    /// <summary>A piece of 32 rows: the lane's word, number lane mod 4, of the rows lane / 4, and 8, 16 and 24 below.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal static Pack PieceOfRows(uint quants, int piece)
    {
        var loaded = TileMemory.Load(quants + (uint)(piece * TileMemory.PieceBytes));
        return new Pack { A = loaded.A, B = loaded.B, C = loaded.C, D = loaded.D };
    }

    /// <summary>Two neighbouring pieces of 32 rows: of the upper sixteen rows in Low, of the lower in High, both as a product takes them.</summary>
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
    /// <param name="scales">See <see cref="RunPlace.Scales"/>.</param>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Pack ScaleWordsOf<TFormat>(uint scales)
        where TFormat : struct, IPackedFormat =>
        TFormat.ScaleWords == 1 ? new Pack { A = TensorShared.LoadHalf(scales) } : TFormat.ScaleWords == 2 ? new Pack { A = TensorShared.LoadWord(scales) } : TensorShared.LoadPack(scales);
}
