using System.Runtime.CompilerServices;
using ILGPU;
using Mistral.Ilgpu.Kernels.Contract;
using Mistral.Ilgpu.Kernels.Formats;
using Mistral.Ilgpu.Kernels.Hardware.Waves;
using Mistral.Ilgpu.Kernels.Inputs;

namespace Mistral.Ilgpu.Kernels.Products.Waves;

/// <summary>
/// The loop of all devices but CUDA's, whose instructions AMD's GPUs have too few slots for; what it sums, and in which order, is
/// that of <see cref="BlockRows{TFormat,TEpilogue}"/>. Blocks are counted from one run to the next, so that addresses are one
/// register and constants. Quants stay unsigned: their bias times the activations is where a sum begins. Whole numbers become
/// floats by <see cref="WholeFloat"/>. All of it is exact, so the bits are the same.
/// </summary>
internal readonly struct UnsignedRows<TFormat, TEpilogue>
    where TFormat : struct, IPackedFormat
    where TEpilogue : struct, IEpilogue
{
    private readonly BlockWeights _weights;
    private readonly PackedInput _input;
    private readonly int _rows;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public UnsignedRows(BlockWeights weights, PackedInput input, int rows) => (_weights, _input, _rows) = (weights, input, rows);

    // From a lane's run to its next. All runs of a lane have the same place in their blocks.
    private static int BlocksApart
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        get => Strands.Count / RunsInBlock;
    }

    // Quants for which there are no registers where four runs are on their way, or two of each of a gated pair.
    private static bool AreLarge
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        get => TFormat.BlockLength != BlockRun.Length && TFormat.QuantBytes > 128;
    }

    private static int RunsInBlock
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        get => TFormat.BlockLength / BlockRun.Length;
    }

    private static int Within
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        get => Group.IdxX & (RunsInBlock - 1);
    }

    /// <summary>See <see cref="BlockRows{TFormat,TEpilogue}.Sum"/>.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public (float First, float Second) Sum(int row, int token)
    {
        int source = IntrinsicMath.Min(row, _rows - 1);
        int strand = Group.IdxX & (Strands.Count - 1);
        int runs = _weights.Columns / BlockRun.Length;
        var sums = default(Sums);
        int run = strand;
        long first = ((long)source * (_weights.Columns / TFormat.BlockLength)) + (strand / RunsInBlock);
        long apart = (long)_rows * (_weights.Columns / TFormat.BlockLength);
        for (; !TEpilogue.IsGated && !AreLarge && run + (3 * Strands.Count) < runs; run += 4 * Strands.Count)
        {
            var (a, b) = (Load(first, apart, 0), Load(first, apart, 1));
            var (c, d) = (Load(first, apart, 2), Load(first, apart, 3));
            sums = Step(sums, a, token, run);
            sums = Step(sums, b, token, run + Strands.Count);
            sums = Step(sums, c, token, run + (2 * Strands.Count));
            sums = Step(sums, d, token, run + (3 * Strands.Count));
            first += 4 * BlocksApart;
        }

        bool areTwo = TEpilogue.IsGated ? !AreLarge : AreLarge;
        for (; areTwo && run + Strands.Count < runs; run += 2 * Strands.Count)
        {
            var (a, b) = (Load(first, apart, 0), Load(first, apart, 1));
            sums = Step(sums, a, token, run);
            sums = Step(sums, b, token, run + Strands.Count);
            first += 2 * BlocksApart;
        }

        for (; run < runs; run += Strands.Count)
        {
            sums = Step(sums, Load(first, apart, 0), token, run);
            first += BlocksApart;
        }

        return (Wave.Sum16(sums.First), TEpilogue.IsGated ? Wave.Sum16(sums.Second) : 0);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private LoadedRows Load(long first, long apart, int ahead)
    {
        var rows = default(LoadedRows);
        rows.First = LoadOne(first + (ahead * BlocksApart));
        if (TEpilogue.IsGated)
        {
            rows.Second = LoadOne(first + apart + (ahead * BlocksApart));
        }

        return rows;
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private LoadedRun LoadOne(long block) => new()
    {
        Words = TFormat.Words(_weights.Quants, block, Within), Scale = TFormat.ScaleWordsOf(_weights.Scales, block, Within),
    };

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private Sums Step(Sums sums, LoadedRows rows, int token, int run)
    {
        var x = _input.Values.Cast<Pack>();
        long at = ((long)token * (_input.Stride / BlockRun.Half)) + (2 * run);
        var (low, high) = (x[at], x[at + 1]);
        var input = _input.Runs[((long)token * (_input.Stride / BlockRun.Length)) + run];
        // The same for both matrices. Where the halves have one scale they have one sum.
        int lowStart = Start(WholeFloat.Zero, low);
        int highStart = Start(TFormat.HalvesDiffer ? WholeFloat.Zero : lowStart, high);
        sums.First = Add(sums.First, rows.First, low, high, lowStart, highStart, input);
        if (TEpilogue.IsGated)
        {
            sums.Second = Add(sums.Second, rows.Second, low, high, lowStart, highStart, input);
        }

        return sums;
    }

    // −bias × activations.
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static int Start(int sum, Pack x)
    {
        uint bias = (uint)(-TFormat.Bias & 255) * PackedBytes.Ones;
        return TFormat.Bias == 0 ? sum : Dp4a.Add(sum, new Pack { A = bias, B = bias, C = bias, D = bias }, x);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static float Add(
        float sum, LoadedRun loaded, Pack low, Pack high, int lowStart, int highStart, Floats4 input)
    {
        var quants = TFormat.Unsigned(loaded.Words, Within);
        var scale = TFormat.ScaleOf(loaded.Scale, Within);
        if (!TFormat.HalvesDiffer)
        {
            return RunSum.Add<TFormat>(
                sum, WholeFloat.Of(Dp4a.Add(Dp4a.Add(highStart, quants.Low, low), quants.High, high)), 0f, scale, input);
        }

        int lowSum = Dp4a.Add(lowStart, quants.Low, low), highSum = Dp4a.Add(highStart, quants.High, high);
        // Of a gated pair the moves that bring pairs together are more than they save.
        return TEpilogue.IsGated
            ? RunSum.Add<TFormat>(sum, WholeFloat.Of(lowSum), WholeFloat.Of(highSum), scale, input)
            : RunSum.AddHalves<TFormat>(sum, FloatPairs.OfWhole(lowSum, highSum), scale, input);
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
