using System.Runtime.CompilerServices;
using ILGPU;
using Mistral.Ilgpu.Kernels.Contract;
using Mistral.Ilgpu.Kernels.Hardware.Cuda;
using Mistral.Ilgpu.Kernels.Hardware.Lanes;

namespace Mistral.Ilgpu.Kernels.Formats;

/// <summary>Blocks of quants of five bits, read in words, see <see cref="FifthBit"/>.</summary>
internal static class FiveBits
{
    /// <summary>The four bits of <see cref="SignedTops(RunWords, int)"/> below the upper one of each byte.</summary>
    public const uint BelowTops = PackedBytes.Nibbles << 3;

    // The upper bit of the lowest byte, from which a product brings four bits to the upper ones of all bytes.
    private const int FirstTop = 7;

    /// <summary>A block of five words, the first of which has the fifth bits.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static RunWords Words(ArrayView<byte> quants, long block)
    {
        var words = quants.Cast<uint>();
        long at = block * 5;
        return new RunWords
        {
            Low = new Pack { A = words[at + 1], B = words[at + 2], C = words[at + 3], D = words[at + 4] },
            UpperLow = new Pack { A = words[at] },
        };
    }

    /// <summary>The same in shared memory.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static RunWords Words(QuantLines lines) => new()
    {
        Low = new Pack { A = lines.Word(1), B = lines.Word(2), C = lines.Word(3), D = lines.Word(4) },
        UpperLow = new Pack { A = lines.Word(0) },
    };

    /// <summary>Half a run of such a block.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Pack Of(RunWords words, int half)
    {
        uint fifth = words.UpperLow.A >> (16 * half);
        return new Pack
        {
            A = Of(words.Low.A, fifth, half), B = Of(words.Low.B, fifth >> 4, half),
            C = Of(words.Low.C, fifth >> 8, half), D = Of(words.Low.D, fifth >> 12, half),
        };
    }

    /// <summary>The same less 16, eight times as large: at the top of each byte, with their upper bit turned, they are
    /// signed.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Pack SignedTops(RunWords words, int half)
    {
        var lower = words.Low;
        uint fifth = PackedBytes.Rotate(words.UpperLow.A, FirstTop - (16 * half));
        return new Pack
        {
            A = SignedTops(lower.A, fifth, half), B = SignedTops(lower.B, PackedBytes.Rotate(fifth, -4), half),
            C = SignedTops(lower.C, PackedBytes.Rotate(fifth, -8), half),
            D = SignedTops(lower.D, PackedBytes.Rotate(fifth, -12), half),
        };
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static uint SignedTops(uint lower, uint fifth, int half) =>
        ((half == 0 ? lower << 3 : lower >> 1) & BelowTops)
        | (~((fifth & (15 << FirstTop)) * PackedBytes.Spreading) & PackedBytes.Tops);

    /// <summary>See <see cref="FifthBit"/>.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static uint Of(ArrayView<byte> quants, long block, int half, int i)
    {
        var words = quants.Cast<uint>();
        long at = block * 5;
        return Of(words[at + 1 + i], words[at] >> ((16 * half) + (4 * i)), half);
    }

    /// <summary>Such blocks of four rows of a stage: the lane's word of each, and the fifth bits from those that are its own
    /// on.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static RunWords WordsOfRows<TFormat>(uint quants, int run)
        where TFormat : struct, IPackedFormat
    {
        int pitch = RunStage.PitchOf<TFormat>();
        int word = TensorLane.Index & 3;
        uint fifth = (uint)((int)quants + ((TensorLane.Row - TensorLane.Index) * pitch) + (run * TFormat.QuantBytes));
        uint own = fifth + (uint)((word + 1) * sizeof(uint));
        uint eightRows = (uint)(TensorLane.RowsApart * pitch);
        return new RunWords
        {
            Low = new Pack
            {
                A = TensorShared.LoadWord(own), B = TensorShared.LoadWord(own + eightRows),
                C = TensorShared.LoadWord(own + (2 * eightRows)), D = TensorShared.LoadWord(own + (3 * eightRows)),
            },
            UpperLow = new Pack
            {
                A = TensorShared.LoadWord(fifth) >> (4 * word), B = TensorShared.LoadWord(fifth + eightRows) >> (4 * word),
                C = TensorShared.LoadWord(fifth + (2 * eightRows)) >> (4 * word),
                D = TensorShared.LoadWord(fifth + (3 * eightRows)) >> (4 * word),
            },
        };
    }

    /// <summary>Both halves of two of those rows.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Pack OfRows(RunWords words, int tile)
    {
        var (top, bottom) = PackedBytes.RowsOf(words.Low, tile);
        var (topFifth, bottomFifth) = PackedBytes.RowsOf(words.UpperLow, tile);
        return new Pack
        {
            A = Of(top, topFifth, 0), B = Of(bottom, bottomFifth, 0),
            C = Of(top, topFifth >> 16, 1), D = Of(bottom, bottomFifth >> 16, 1),
        };
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static uint Of(uint lower, uint fifth, int half) =>
        ((lower >> (4 * half)) & PackedBytes.Nibbles) | (PackedBytes.Spread(fifth) << 4);
}
