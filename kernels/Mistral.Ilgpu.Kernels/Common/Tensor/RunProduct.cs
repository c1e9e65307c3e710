using System.Runtime.CompilerServices;
using ILGPU;

namespace Mistral.Ilgpu.Kernels;

/// <summary>
/// What a group makes of weights in blocks for several tokens: 32 rows (grid y) for 8 or 16 tokens (grid x), see <see cref="BlockMatVecTensor{TFormat,TTokens,TEpilogue}"/>.
/// A warp takes one run of each stage, which is two of the <see cref="Strands"/> in turns.
/// </summary>
internal readonly record struct RunProduct<TFormat, TTokens, TEpilogue, TWarps>(
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
        Strands.SaveTwo<TTokens>(memory, TWarps.AreApart ? TensorLane.Warp / RunStage.Runs : 0, sums.Even.First, sums.Odd.First);
        if (IsBoth)
        {
            Strands.SaveTwo<TTokens>(memory, 1, sums.Even.Gated, sums.Odd.Gated);
        }

        Group.Barrier();
        int within = Group.IdxX / PackedRun.Lanes;
        if (within < TTokens.Tokens)
        {
            int four = Group.IdxX & (PackedRun.Lanes - 1);
            Write(memory, firstRow + (four * PackedRun.PerLane), firstToken + within, end, within, four);
        }
    }

    // The first kilobyte of each row, a line by each thread: a few stages.
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private void Prefetch(int firstRow)
    {
        const int LinePieces = 8;
        int pieces = QuantPieces * (Weights.Columns / RunStage.Columns);
        int piece = (Group.IdxX & 7) * LinePieces;
        if (piece < pieces)
        {
            int at = (RowOf(firstRow, Group.IdxX >> 3) * pieces) + piece;
            PrefetchedRows.Ask(At(Addresses.Quants, at));
            if (IsBoth)
            {
                PrefetchedRows.Ask(At(Addresses.Quants, at + (Rows * pieces)));
            }
        }
    }

    // A lane makes four rows of a token, and eight lanes a run.
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private void Write(uint memory, int row, int token, int end, int within, int four)
    {
        var product = Strands.FourOf(memory, 0, within, four);
        var second = TEpilogue.IsGated ? Strands.FourOf(memory, 1, within, four) : default;
        long to = ((long)token * OutputStride) + row;
        int rows = token < end ? Rows - row : 0;
        var made = new Float4
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

    /// <summary>
    /// Where the thread finds its pieces of the first stage, counted in pieces, which are fewer than an int can count, and where they go. Rows and tokens past
    /// the end repeat the last one; what they make is not written.
    /// </summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private Copies CopiesOf(int firstRow, int firstToken, int lastToken)
    {
        int piece = Group.IdxX & 7;
        int eighth = Group.IdxX >> 3;
        int stages = Weights.Columns / RunStage.Columns;
        int row = RowOf(firstRow, eighth) * stages;
        int token = IntrinsicMath.Min(firstToken + (Group.IdxX >> 4), lastToken) * stages;
        return new Copies
        {
            Quants = Hoisted.Of((row * QuantPieces) + piece),
            Scales = Hoisted.Of((row * ScalePieces) + piece),
            Values = Hoisted.Of((token * ValuePieces) + (Group.IdxX & 15)),
            Entries = Hoisted.Of((IntrinsicMath.Min(firstToken + eighth, lastToken) * stages * RunStage.Runs) + piece),
            ToWeights = Hoisted.Of((uint)((eighth * RunStage.PitchOf<TFormat>()) + (piece * TileMemory.PieceBytes))),
            ToValues = Hoisted.Of((uint)(RunStage<TFormat, TTokens, TEpilogue>.ValuesAt + ((Group.IdxX >> 4) * RunStage.ValuesPitch) + ((Group.IdxX & 15) * TileMemory.PieceBytes))),
            ToEntries = Hoisted.Of((uint)(RunStage<TFormat, TTokens, TEpilogue>.EntriesAt + (eighth * RunStage.EntriesPitch) + (piece * TileMemory.PieceBytes))),
            Thread = Hoisted.Of(Group.IdxX),
            Left = stages,
            ScaleBlock = RowOf(firstRow, TensorLane.Index + (TWarps.AreApart ? TensorLane.Warp / RunStage.Runs * RunStage.Rows : 0)) * stages,
        };
    }

    // The row of weights in a row of the stage; there are so many only where warps are apart.
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private int RowOf(int firstRow, int row) =>
        IntrinsicMath.Min(firstRow + (row & (RunStage.Rows - 1)), Rows - 1) + (row < RunStage.Rows ? 0 : Rows);

    /// <summary>Begins to copy a stage, if there is one; ends it in any case, so that stages can be counted.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private Copies Fetch(Copies copies, uint stage)
    {
        if (copies.Left > 0)
        {
            int piece = copies.Thread & 7;
            uint to = stage + copies.ToWeights;
            FetchRow(to, copies.Quants, copies.Scales, piece);
            if (IsBoth)
            {
                int below = Rows * (Weights.Columns / RunStage.Columns);
                FetchRow(
                    to + (uint)(RunStage.Rows * RunStage.PitchOf<TFormat>()), copies.Quants + (below * QuantPieces), copies.Scales + (below * ScalePieces), piece);
            }

            if (TWarps.Threads == 16 * TTokens.Tokens || copies.Thread < 16 * TTokens.Tokens)
            {
                TileMemory.CopyKept(stage + copies.ToValues, At(Addresses.Values, copies.Values));
            }

            if (copies.Thread < 8 * TTokens.Tokens)
            {
                TileMemory.CopyKept(stage + copies.ToEntries, At(Addresses.Entries, copies.Entries));
            }
        }

        TileMemory.Commit();
        copies.Left--;
        copies.Quants += QuantPieces;
        copies.Scales += ScalePieces;
        copies.Values += ValuePieces;
        copies.Entries += RunStage.Runs;
        return copies;
    }

    // Whether a warp has both matrices of a pair.
    private static bool IsBoth => TEpilogue.IsGated && !TWarps.AreApart;

    // Pieces of a row in a stage.
    private static int QuantPieces => RunStage.QuantBytesOf<TFormat>() / TileMemory.PieceBytes;

    private static int ScalePieces => RunStage.ScaleBytesOf<TFormat>() / TileMemory.PieceBytes;

    private static int ValuePieces => RunStage.Columns / TileMemory.PieceBytes;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static long At(long address, int piece) => address + (long)((ulong)(uint)piece * TileMemory.PieceBytes);

    // Eight threads copy a row.
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private void FetchRow(uint to, int quants, int scales, int piece)
    {
        long from = At(Addresses.Quants, quants);
        if (QuantPieces >= 8 || piece < QuantPieces)
        {
            TileMemory.Copy(to, from);
        }

        if (QuantPieces >= 16 || (QuantPieces > 8 && piece + 8 < QuantPieces))
        {
            TileMemory.Copy(to + (8 * TileMemory.PieceBytes), from + (8 * TileMemory.PieceBytes));
        }

        if (RunStage.HasScales<TFormat>() && piece < ScalePieces)
        {
            TileMemory.Copy(to + (uint)RunStage.QuantBytesOf<TFormat>(), At(Addresses.Scales, scales));
        }
    }

    /// <summary>Scales that are not in the stage, for the run of the row that has the lane's number: a stage ahead.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private ScaleWords FetchScales(in Copies copies, int run, int i, int stages)
    {
        var words = default(ScaleWords);
        if (!RunStage.HasScales<TFormat>())
        {
            // Only of blocks that are as long as a stage.
            long block = copies.ScaleBlock + IntrinsicMath.Min(i, stages - 1);
            words.First = TFormat.ScaleWordsOf(Weights.Scales, block, run);
            if (IsBoth)
            {
                words.Gated = TFormat.ScaleWordsOf(Weights.Scales, block + (Rows * stages), run);
            }
        }

        return words;
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static StrandSums MultiplyAdd(StrandSums sums, uint stage, in RunPlace place, ScaleWords scales)
    {
        var (first, second) = RunColumns.Load<TFormat, TTokens>(stage, place);
        sums.First = RowsAt(stage, place, scales.First).MultiplyAdd<TTokens>(sums.First, first, second);
        if (IsBoth)
        {
            sums.Gated = RowsAt(stage + (uint)(RunStage.Rows * RunStage.PitchOf<TFormat>()), place, scales.Gated).MultiplyAdd<TTokens>(sums.Gated, first, second);
        }

        return sums;
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static RunRows<TFormat> RowsAt(uint rows, in RunPlace place, Pack scale) => new(
        rows + place.Quants, place.Run,
        TFormat.ScaleOf(RunStage.HasScales<TFormat>() ? RunStage.ScaleWordsOf<TFormat>(rows + place.Scales) : scale, place.Run));

    private struct Copies
    {
        public int Quants, Scales, Values, Entries, Thread, Left, ScaleBlock;
        public uint ToWeights, ToValues, ToEntries;
    }

    private struct ScaleWords
    {
        public Pack First, Gated;
    }

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
