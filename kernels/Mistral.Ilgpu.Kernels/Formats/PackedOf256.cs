using System.Runtime.CompilerServices;
using ILGPU;
using Mistral.Ilgpu.Kernels.Contract;
using Mistral.Ilgpu.Kernels.Hardware.Cuda;

namespace Mistral.Ilgpu.Kernels.Formats;

public readonly partial struct Q2_K : IPackedBits
{
    public static bool HalvesAreApart => true;

    public static int FactorBits => 0;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static RunWords Words(ArrayView<byte> quants, long block, int run) => new()
    {
        Low = quants.Cast<Pack>()[(block * 4) + (2 * (run >> 2))], High = quants.Cast<Pack>()[(block * 4) + (2 * (run >> 2)) + 1],
    };

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static RunQuants Quants(RunWords words, int run) => PackedBytes.Decode<Q2_K>(words, run);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Pack ScaleWordsOf(ArrayView<ushort> scales, long block, int run) => new()
    {
        A = scales[(block * ScaleWords) + run], B = scales.Cast<uint>()[(block * (ScaleWords / 2)) + 4],
    };

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static RunScale ScaleOf(Pack words, int run)
    {
        float d = Float16Tensor.Low(words.B);
        float min = Float16Tensor.High(words.B);
        // Sixteen bits, as a signed number, for unsigned ones become floats by way of doubles.
        int fours = (int)words.A;
        return new RunScale
        {
            Low = d * (fours & 15),
            High = d * ((fours >> 8) & 15),
            LowOffset = -(min * ((fours >> 4) & 15)),
            HighOffset = -(min * (fours >> 12)),
        };
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static uint Four(ArrayView<byte> quants, long block, int run, int half, int i)
    {
        var words = quants.Cast<uint>();
        int at = (4 * half) + i;
        return Decode(words[(block * 16) + (4 * (2 * (run >> 2))) + at], 0, run);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static RunWords WordsOfRows(uint quants, int run) => RunStage.PiecesOfRows<Q2_K>(quants, 2 * (run >> 2));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Pack FactorsOfRows(RunWords words, int run, int tile) => Quants(words, run).Half(tile);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static uint Decode(uint lower, uint upper, int part) => (lower >> (2 * (part & 3))) & PackedBytes.Pairs;
}

public readonly partial struct Q3_K : IPackedBits
{
    public static bool HalvesAreApart => true;

    public static int FactorBits => 0;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static RunWords Words(ArrayView<byte> quants, long block, int run) => new()
    {
        Low = quants.Cast<Pack>()[(block * 6) + 2 + (2 * (run >> 2))], High = quants.Cast<Pack>()[(block * 6) + 3 + (2 * (run >> 2))],
        UpperLow = quants.Cast<Pack>()[block * 6], UpperHigh = quants.Cast<Pack>()[(block * 6) + 1],
    };

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static RunQuants Quants(RunWords words, int run) => PackedBytes.Decode<Q3_K>(words, run);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Pack ScaleWordsOf(ArrayView<ushort> scales, long block, int run)
    {
        long at = block * ScaleWords;
        return new Pack { A = scales[at + (run & 3)], B = scales[at + 4 + (run & 1)], C = scales[at + 6] };
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static RunScale ScaleOf(Pack words, int run)
    {
        // Two scales to a word: see SixBits.
        float d = Float16Tensor.Low(words.C);
        uint lower = words.A >> (4 * (run >> 2));
        uint upper = words.B >> (2 * (run >> 1));
        return new RunScale
        {
            Low = d * ((int)((lower & 15) | ((upper & 3) << 4)) - 32),
            High = d * ((int)(((lower >> 8) & 15) | (((upper >> 8) & 3) << 4)) - 32),
        };
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static uint Four(ArrayView<byte> quants, long block, int run, int half, int i)
    {
        var words = quants.Cast<uint>();
        int at = (4 * half) + i;
        return Decode(words[(block * 24) + (4 * (2 + (2 * (run >> 2)))) + at], words[(block * 24) + at], run);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static RunWords WordsOfRows(uint quants, int run) => RunStage.PiecesOfRows<Q3_K>(quants, 2 + (2 * (run >> 2)), 0);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Pack FactorsOfRows(RunWords words, int run, int tile) => Quants(words, run).Half(tile);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static uint Decode(uint lower, uint upper, int part) =>
        PackedBytes.Minus(((lower >> (2 * (part & 3))) & PackedBytes.Pairs) | (((upper >> part) & PackedBytes.Ones) << 2), 4);
}

public readonly partial struct Q4_K : IPackedBits
{
    public static bool HalvesAreApart => true;

    public static int FactorBits => 0;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static RunWords Words(ArrayView<byte> quants, long block, int run) => new()
    {
        Low = quants.Cast<Pack>()[(block * 8) + (2 * (run >> 1))], High = quants.Cast<Pack>()[(block * 8) + (2 * (run >> 1)) + 1],
    };

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static RunQuants Quants(RunWords words, int run) => PackedBytes.Decode<Q4_K>(words, run);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Pack ScaleWordsOf(ArrayView<ushort> scales, long block, int run) => scales.Cast<Pack>()[block];

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static RunScale ScaleOf(Pack words, int run) => PackedScale.OfPairs(words, run);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static uint Four(ArrayView<byte> quants, long block, int run, int half, int i)
    {
        var words = quants.Cast<uint>();
        int at = (4 * half) + i;
        return Decode(words[(block * 32) + (4 * (2 * (run >> 1))) + at], 0, run);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static RunWords WordsOfRows(uint quants, int run) => RunStage.PiecesOfRows<Q4_K>(quants, 2 * (run >> 1));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Pack FactorsOfRows(RunWords words, int run, int tile) => Quants(words, run).Half(tile);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static uint Decode(uint lower, uint upper, int part) => (lower >> (4 * (part & 1))) & PackedBytes.Nibbles;
}

public readonly partial struct Q5_K : IPackedBits
{
    public static bool HalvesAreApart => true;

    public static int FactorBits => 0;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static RunWords Words(ArrayView<byte> quants, long block, int run) => new()
    {
        Low = quants.Cast<Pack>()[(block * 10) + 2 + (2 * (run >> 1))], High = quants.Cast<Pack>()[(block * 10) + 3 + (2 * (run >> 1))],
        UpperLow = quants.Cast<Pack>()[block * 10], UpperHigh = quants.Cast<Pack>()[(block * 10) + 1],
    };

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static RunQuants Quants(RunWords words, int run) => PackedBytes.Decode<Q5_K>(words, run);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Pack ScaleWordsOf(ArrayView<ushort> scales, long block, int run) => scales.Cast<Pack>()[block];

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static RunScale ScaleOf(Pack words, int run) => PackedScale.OfPairs(words, run);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static uint Four(ArrayView<byte> quants, long block, int run, int half, int i)
    {
        var words = quants.Cast<uint>();
        int at = (4 * half) + i;
        return Decode(words[(block * 40) + (4 * (2 + (2 * (run >> 1)))) + at], words[(block * 40) + at], run);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static RunWords WordsOfRows(uint quants, int run) => RunStage.PiecesOfRows<Q5_K>(quants, 2 + (2 * (run >> 1)), 0);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Pack FactorsOfRows(RunWords words, int run, int tile) => Quants(words, run).Half(tile);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static uint Decode(uint lower, uint upper, int part) =>
        ((lower >> (4 * (part & 1))) & PackedBytes.Nibbles) | (((upper >> part) & PackedBytes.Ones) << 4);
}

public readonly partial struct Q6_K : IPackedBits
{
    public static bool HalvesAreApart => true;

    public static int FactorBits => 0;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static RunWords Words(ArrayView<byte> quants, long block, int run) => new()
    {
        Low = quants.Cast<Pack>()[(block * 12) + (4 * (run >> 2)) + (2 * (run & 1))], High = quants.Cast<Pack>()[(block * 12) + (4 * (run >> 2)) + (2 * (run & 1)) + 1],
        UpperLow = quants.Cast<Pack>()[(block * 12) + 8 + (2 * (run >> 2))], UpperHigh = quants.Cast<Pack>()[(block * 12) + 9 + (2 * (run >> 2))],
    };

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static RunQuants Quants(RunWords words, int run) => PackedBytes.Decode<Q6_K>(words, run);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Pack ScaleWordsOf(ArrayView<ushort> scales, long block, int run) => new()
    {
        A = scales[(block * ScaleWords) + run], B = scales[(block * ScaleWords) + 8],
    };

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static RunScale ScaleOf(Pack words, int run)
    {
        float d = Float16Tensor.Low(words.B);
        int both = (int)words.A;
        return new RunScale { Low = d * ((both << 24) >> 24), High = d * ((both << 16) >> 24) };
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static uint Four(ArrayView<byte> quants, long block, int run, int half, int i)
    {
        var words = quants.Cast<uint>();
        int at = (4 * half) + i;
        return Decode(words[(block * 48) + (4 * ((4 * (run >> 2)) + (2 * (run & 1)))) + at], words[(block * 48) + (4 * (8 + (2 * (run >> 2)))) + at], run);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static RunWords WordsOfRows(uint quants, int run) =>
        RunStage.PiecesOfRows<Q6_K>(quants, (4 * (run >> 2)) + (2 * (run & 1)), 8 + (2 * (run >> 2)));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Pack FactorsOfRows(RunWords words, int run, int tile) => Quants(words, run).Half(tile);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static uint Decode(uint lower, uint upper, int part) => PackedBytes.Minus(((lower >> (4 * ((part >> 1) & 1))) & PackedBytes.Nibbles) | (((upper >> (2 * (part & 3))) & PackedBytes.Pairs) << 4), 32);
}

public readonly partial struct IQ4_XS : IPackedBits
{
    public static bool HalvesAreApart => false;

    public static int FactorBits => 0;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static RunWords Words(ArrayView<byte> quants, long block, int run) => new()
    {
        Low = quants.Cast<Pack>()[(block * 8) + run],
    };

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static RunQuants Quants(RunWords words, int run) => PackedBytes.Uneven(words.Low);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Pack ScaleWordsOf(ArrayView<ushort> scales, long block, int run) => new()
    {
        A = scales.Cast<uint>()[block * (ScaleWords / 2)], B = scales.Cast<uint>()[(block * (ScaleWords / 2)) + 1],
    };

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static RunScale ScaleOf(Pack words, int run)
    {
        uint lower = (words.B >> (4 * run)) & 15;
        uint upper = (words.A >> (16 + (2 * run))) & 3;
        float scale = Float16Tensor.Low(words.A) * ((int)(lower | (upper << 4)) - 32);
        return new RunScale { Low = scale, High = scale };
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static uint Four(ArrayView<byte> quants, long block, int run, int half, int i) =>
        Decode(quants.Cast<uint>()[(block * 32) + (4 * run) + i], 0, half);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static RunWords WordsOfRows(uint quants, int run) => new() { Low = RunStage.PieceOfRows(quants, run) };

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Pack FactorsOfRows(RunWords words, int run, int tile) => PackedBytes.UnevenOfRows(words, tile);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static uint Decode(uint lower, uint upper, int part) => PackedBytes.Uneven(lower).Of(part);
}
