using System.Runtime.CompilerServices;
using ILGPU;
using Mistral.Ilgpu.Kernels.Contract;
using Mistral.Ilgpu.Kernels.Formats;
using Mistral.Ilgpu.Kernels.Hardware.Cuda;
using Mistral.Ilgpu.Kernels.Hardware.Waves;
using Mistral.Ilgpu.Kernels.Inputs;
using Mistral.Ilgpu.Kernels.Products.Waves;

namespace Mistral.Ilgpu.Kernels.Products.Cuda;

/// <summary>
/// What a group makes of weights in blocks for several tokens: 32 rows (grid y) for 8 or 16 tokens (grid x), see
/// <see cref="BlockMatVecTensor{TFormat,TTokens,TEpilogue}"/>. A warp takes one run of each stage, which is two of the
/// <see cref="Strands"/> in turns.
/// </summary>
internal readonly partial record struct RunProduct<TFormat, TTokens, TEpilogue, TWarps>(
    StepState State,
    BlockWeights Weights,
    RunAddresses Addresses,
    ArrayView<float> Output,
    PackedInput Packed,
    int Rows,
    int OutputStride,
    RowRange Tokens)
    where TFormat : struct, IPackedFormat
    where TTokens : struct, ITokenBlocks
    where TEpilogue : struct, IEpilogue
    where TWarps : struct, IRunWarps
{
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public void Make()
    {
        int firstRow = Grid.IdxY * RunStage.Rows;
        Prefetch(firstRow);
        Predecessor.Await();
        int firstToken = Tokens.First(State) + (Grid.IdxX * TTokens.Tokens);
        int end = Tokens.End(State);
        if (firstToken >= end)
        {
            return;
        }

        uint memory = TileMemory.Allocate();
        var sums = Sum(memory, firstRow, firstToken, end - 1);
        // All have done with the stages, and sums take their place.
        Group.Barrier();
        int matrix = TWarps.AreApart ? TensorLane.Warp / RunStage.Runs : 0;
        StrandMemory.SaveTwo<TTokens>(memory, matrix, sums.Even.First, sums.Odd.First);
        if (IsBoth)
        {
            StrandMemory.SaveTwo<TTokens>(memory, 1, sums.Even.Gated, sums.Odd.Gated);
        }

        Group.Barrier();
        int within = Group.IdxX / PackedRun.Lanes;
        if (within < TTokens.Tokens)
        {
            int four = Group.IdxX & (PackedRun.Lanes - 1);
            Write(memory, firstRow + (four * PackedRun.PerLane), firstToken + within, end, within, four);
        }
    }

    // The first kilobyte of each row, by eight threads: a few stages.
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private void Prefetch(int firstRow)
    {
        const int Threads = 8;
        const int MostBytes = Threads * PrefetchedRows.LineBytes;
        int pieces = QuantPieces * (Weights.Columns / RunStage.Columns);
        int bytes = IntrinsicMath.Min(pieces * TileMemory.PieceBytes, MostBytes);
        int row = RowOf(firstRow, Group.IdxX / Threads);
        PrefetchedRows.AskRow(At(Addresses.Quants, row * pieces), bytes, Group.IdxX & (Threads - 1), Threads, 1);
        if (IsBoth)
        {
            PrefetchedRows.AskRow(
                At(Addresses.Quants, (row + Rows) * pieces), bytes, Group.IdxX & (Threads - 1), Threads, 1);
        }
    }

    // A lane makes four rows of a token, and eight lanes a run.
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private void Write(uint memory, int row, int token, int end, int within, int four)
    {
        var product = StrandMemory.FourOf(memory, 0, within, four);
        var second = TEpilogue.IsGated ? StrandMemory.FourOf(memory, 1, within, four) : default;
        long to = ((long)token * OutputStride) + row;
        int rows = token < end ? Rows - row : 0;
        var made = new Floats4
        {
            A = Write(to, rows > 0, product.A, second.A), B = Write(to + 1, rows > 1, product.B, second.B),
            C = Write(to + 2, rows > 2, product.C, second.C), D = Write(to + 3, rows > 3, product.D, second.D),
        };
        if (Packed.Exists)
        {
            PackedRun.Write(Packed, token, row / PackedRun.PerLane, made, rows > 0);
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private float Write(long to, bool exists, float product, float second)
    {
        float made = 0;
        if (exists)
        {
            made = TEpilogue.Combine(Output[to], product, second);
            Output[to] = made;
        }

        return made;
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private Products Sum(uint memory, int firstRow, int firstToken, int lastToken)
    {
        int stages = Weights.Columns / RunStage.Columns;
        var copies = CopiesOf(firstRow, firstToken, lastToken);
        var place = RunStage<TFormat, TTokens, TEpilogue>.PlaceOf<TWarps>();
        uint stage = memory;
        for (int ahead = 1; ahead < RunStage<TFormat, TTokens, TEpilogue>.Count; ahead++)
        {
            copies = Fetch(copies, stage);
            stage = RunStage<TFormat, TTokens, TEpilogue>.Next(stage, memory);
        }

        var sums = default(Products);
        stage = memory;
        var scales = FetchScales(copies, place.Run, 0, stages);
        for (int i = 0; i < stages; i += 2)
        {
            copies = Turn(copies, stage, memory);
            var fetched = FetchScales(copies, place.Run, i + 1, stages);
            sums.Even = MultiplyAdd(sums.Even, stage, place, scales);
            stage = RunStage<TFormat, TTokens, TEpilogue>.Next(stage, memory);
            scales = fetched;
            if (i + 1 < stages)
            {
                copies = Turn(copies, stage, memory);
                fetched = FetchScales(copies, place.Run, i + 2, stages);
                sums.Odd = MultiplyAdd(sums.Odd, stage, place, scales);
                stage = RunStage<TFormat, TTokens, TEpilogue>.Next(stage, memory);
                scales = fetched;
            }
        }

        return sums;
    }

    // Waits for a stage and begins to fill the one before it, which all have multiplied.
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private Copies Turn(Copies copies, uint stage, uint memory)
    {
        RunStage<TFormat, TTokens, TEpilogue>.WaitForOldest();
        Group.Barrier();
        return Fetch(copies, RunStage<TFormat, TTokens, TEpilogue>.Before(stage, memory));
    }

    // Whether a warp has both matrices of a pair.
    private static bool IsBoth => TEpilogue.IsGated && !TWarps.AreApart;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static StrandSums MultiplyAdd(StrandSums sums, uint stage, in RunPlace place, ScaleWords scales)
    {
        var (first, second) = RunColumns.Load<TFormat, TTokens>(stage, place);
        sums.First = RowsAt(stage, place, scales.First).MultiplyAdd<TTokens>(sums.First, first, second);
        if (IsBoth)
        {
            sums.Gated = RowsAt(stage + (uint)(RunStage.Rows * RunStage.PitchOf<TFormat>()), place, scales.Gated)
                .MultiplyAdd<TTokens>(sums.Gated, first, second);
        }

        return sums;
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static RunRows<TFormat> RowsAt(uint rows, in RunPlace place, Pack scale) => new(
        rows + place.Quants, place.Run,
        TFormat.ScaleOf(RunStage.HasScales<TFormat>() ? RunStage.ScaleWordsOf<TFormat>(rows + place.Scales) : scale, place.Run));

    private struct StrandSums
    {
        public RunSums First, Gated;
    }

    // Strands of a warp: those of its runs in even stages, and in odd ones.
    private struct Products
    {
        public StrandSums Even, Odd;
    }
}
