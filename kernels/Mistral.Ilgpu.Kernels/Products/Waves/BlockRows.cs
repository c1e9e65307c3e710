using System.Runtime.CompilerServices;
using ILGPU;
using Mistral.Ilgpu.Kernels.Contract;
using Mistral.Ilgpu.Kernels.Formats;
using Mistral.Ilgpu.Kernels.Hardware.Cuda;
using Mistral.Ilgpu.Kernels.Hardware.Waves;
using Mistral.Ilgpu.Kernels.Inputs;

namespace Mistral.Ilgpu.Kernels.Products.Waves;

/// <summary>Rows of weights in blocks times a token in eight bits, multiplied four at a time (<c>dp4a</c>), by forms with two
/// rows to a warp.</summary>
internal readonly struct BlockRows<TFormat, TEpilogue>
    where TFormat : struct, IPackedFormat
    where TEpilogue : struct, IEpilogue
{
    private readonly BlockWeights _weights;
    private readonly PackedInput _input;
    private readonly int _rows;

    /// <param name="rows">That are made; of a gated pair the second matrix begins behind so many.</param>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public BlockRows(BlockWeights weights, PackedInput input, int rows) => (_weights, _input, _rows) = (weights, input, rows);

    /// <summary>The item's row, and that of its second matrix, in each of the sixteen lanes that share it: lane i takes runs i, i
    /// + 16, …</summary>
    /// <param name="row">Past the end the last one is summed once more, because shuffles need every lane.</param>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public (float First, float Second) Sum(int row, int token)
    {
        int source = IntrinsicMath.Min(row, _rows - 1);
        int strand = Group.IdxX & (Strands.Count - 1);
        int blocks = _weights.Columns / TFormat.BlockLength;
        var sums = default(Sums);
        var fields = TFormat.Fields(Hoisted.Of(Within));
        // Blocks and their words can be counted in an int, bytes cannot.
        int block = (source * blocks) + (strand / RunsInBlock);
        int apart = _rows * blocks;
        int entry = token * (_input.Stride / BlockRun.Length);
        int end = entry + (_weights.Columns / BlockRun.Length);
        entry += strand;
        // Four runs are on their way before any is used, or two where there are no registers for more. Of a gated pair it is two
        // of each matrix, or one.
        for (; !TEpilogue.IsGated && !AreWide && entry + (3 * Strands.Count) < end; entry += 4 * Strands.Count)
        {
            var places = From(block, apart, entry);
            var (a, b) = (Load(places, 0, fields), Load(places, 1, fields));
            var (c, d) = (Load(places, 2, fields), Load(places, 3, fields));
            sums = Step(sums, a, places, 0, fields);
            sums = Step(sums, b, places, 1, fields);
            sums = Step(sums, c, places, 2, fields);
            sums = Step(sums, d, places, 3, fields);
            block += 4 * BlocksApart;
        }

        bool areTwo = TEpilogue.IsGated ? TFormat.BlockLength == BlockRun.Length : AreWide;
        for (; areTwo && entry + Strands.Count < end; entry += 2 * Strands.Count)
        {
            var places = From(block, apart, entry);
            var (a, b) = (Load(places, 0, fields), Load(places, 1, fields));
            sums = Step(sums, a, places, 0, fields);
            sums = Step(sums, b, places, 1, fields);
            block += 2 * BlocksApart;
        }

        for (; entry < end; entry += Strands.Count)
        {
            var places = From(block, apart, entry);
            sums = Step(sums, Load(places, 0, fields), places, 0, fields);
            block += BlocksApart;
        }

        return (Wave.Sum16(sums.First), TEpilogue.IsGated ? Wave.Sum16(sums.Second) : 0);
    }

    private static int RunsInBlock
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        get => TFormat.BlockLength / BlockRun.Length;
    }

    // From a lane's run to its next.
    private static int BlocksApart
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        get => Strands.Count / RunsInBlock;
    }

    // Bits whose number is no power of two lie in two places: in blocks of 256 the words of a run are four packs.
    private static bool AreWide
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        get => TFormat.BlockLength != BlockRun.Length && (TFormat.QuantBytes & (TFormat.QuantBytes - 1)) != 0;
    }

    // All runs of a lane have the same place in their blocks. There are as many strands as runs in two blocks, or in sixteen.
    private static int Within
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        get => Group.IdxX & (RunsInBlock - 1);
    }

    // Views that begin at a block, so that its neighbours are constants away.
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private BlockPlaces From(int block, int apart, int entry)
    {
        var places = default(BlockPlaces);
        places.Values = _input.Values.Cast<Pack>().SubView(2 * entry);
        places.Entries = _input.Runs.SubView(entry);
        places.Quants = QuantsFrom(_weights.Quants, block);
        places.Scales = ScalesFrom(_weights.Scales, block);
        if (TEpilogue.IsGated)
        {
            places.SecondQuants = QuantsFrom(_weights.Quants, block + apart);
            places.SecondScales = ScalesFrom(_weights.Scales, block + apart);
        }

        return places;
    }

    // By the largest elements that blocks are made of, so that the compiler knows how they are aligned.
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static ArrayView<byte> QuantsFrom(ArrayView<byte> quants, int block) =>
        TFormat.QuantBytes % 16 == 0 ? quants.Cast<Pack>().SubView(block * (TFormat.QuantBytes / 16)).Cast<byte>()
        : TFormat.QuantBytes % 4 == 0 ? quants.Cast<uint>().SubView(block * (TFormat.QuantBytes / 4)).Cast<byte>()
        : quants.SubView(block * TFormat.QuantBytes);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static ArrayView<ushort> ScalesFrom(ArrayView<ushort> scales, int block) =>
        TFormat.ScaleWords % 8 == 0 ? scales.Cast<Pack>().SubView(block * (TFormat.ScaleWords / 8)).Cast<ushort>()
        : TFormat.ScaleWords % 2 == 0 ? scales.Cast<uint>().SubView(block * (TFormat.ScaleWords / 2)).Cast<ushort>()
        : scales.SubView(block * TFormat.ScaleWords);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static LoadedRows Load(BlockPlaces places, int ahead, RunFields fields)
    {
        var rows = default(LoadedRows);
        rows.First = LoadOne(places.Quants, places.Scales, ahead, fields);
        if (TEpilogue.IsGated)
        {
            rows.Second = LoadOne(places.SecondQuants, places.SecondScales, ahead, fields);
        }

        return rows;
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static LoadedRun LoadOne(ArrayView<byte> quants, ArrayView<ushort> scales, int ahead, RunFields fields) => new()
    {
        Words = TFormat.Words(quants, ahead * BlocksApart, fields.Run),
        Scale = TFormat.ScaleWordsOf(scales, ahead * BlocksApart, fields.Run),
    };

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Sums Step(Sums sums, LoadedRows rows, BlockPlaces places, int ahead, RunFields fields)
    {
        var (low, high) = (places.Values[2 * Strands.Count * ahead], places.Values[(2 * Strands.Count * ahead) + 1]);
        var input = places.Entries[Strands.Count * ahead];
        sums.First = Add(sums.First, rows.First, low, high, input, fields);
        if (TEpilogue.IsGated)
        {
            sums.Second = Add(sums.Second, rows.Second, low, high, input, fields);
        }

        return sums;
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static float Add(float sum, LoadedRun loaded, Pack low, Pack high, Floats4 input, RunFields fields)
    {
        var dots = TFormat.Dots(loaded.Words, fields, low, high);
        return RunSum.Add<TFormat>(sum, dots.Low, dots.High, TFormat.ScaleIn(loaded.Scale, fields), input);
    }

    private struct BlockPlaces
    {
        public ArrayView<Pack> Values;
        public ArrayView<Floats4> Entries;
        public ArrayView<byte> Quants, SecondQuants;
        public ArrayView<ushort> Scales, SecondScales;
    }

    private struct LoadedRun
    {
        public RunWords Words;
        public Pack Scale;
    }

    private struct LoadedRows
    {
        public LoadedRun First, Second;
    }

    private struct Sums
    {
        public float First, Second;
    }
}
