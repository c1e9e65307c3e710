using System.Runtime.CompilerServices;
using ILGPU;
using Mistral.Ilgpu.Kernels.Contract;
using Mistral.Ilgpu.Kernels.Formats;
using Mistral.Ilgpu.Kernels.Hardware.Cuda;
using Mistral.Ilgpu.Kernels.Hardware.Waves;

namespace Mistral.Ilgpu.Kernels.Products.Cuda;

/// <summary>
/// What a thread of the warpgroup that unpacks does: it makes its row of the weights' tile of each stage, two runs, of the lines
/// where their blocks are. For Q5_K, 160 bytes a block, block 2 is in the second half of line 2 and in line 3. A place is given
/// back when all blocks of its line are unpacked. The first lane of the first warp brings lines to all places that are free, also
/// those of the next tile. That of the second warp brings the tokens of the stage that is to be unpacked. Scales are a few bytes
/// of a row, which the thread loads by itself, a stage ahead.
/// </summary>
/// <param name="Row">Of the tile.</param>
internal readonly record struct UnpackedRow<TFormat>(
    BlockWeights Weights, BulkStages Stages, LinePlaces Lines, long LineMap, long TokenMap, int Row)
    where TFormat : struct, IPackedFormat
{
    /// <summary>Warps that unpack.</summary>
    public const int Warps = TileMemory.Rows / TensorLane.WarpSize;

    private const int TokenBringer = TensorLane.WarpSize;
    private const int Runs = WarpgroupMemory.Depth / BlockRun.Length;
    private const int PieceTurns = BlockRun.Length * sizeof(ushort);

    // Whether blocks of a stage never reach into a second line: they are a power of two of bytes.
    private static bool IsInOneLine
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        get => LineMemory.LineBytes % BytesOfStage == 0;
    }

    private static bool HasStageInBlock
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        get => TFormat.BlockLength > BlockRun.Length;
    }

    // Whole blocks.
    private static int BytesOfStage
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        get => HasStageInBlock ? TFormat.QuantBytes : Runs * TFormat.QuantBytes;
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public void Run(BulkTiles tiles)
    {
        int blocks = Hoisted.Of(Weights.Columns / TFormat.BlockLength);
        int count = Hoisted.Of(BulkTiles.StagesOf(Weights.Columns));
        int lines = Hoisted.Of(LineOf((blocks * TFormat.QuantBytes) + LineMemory.LineBytes - 1));
        int all = Hoisted.Of(tiles.Count);
        uint exponent = Hoisted.Of(BlockTiles<TFormat>.Exponent);
        // Where the row's first piece lies in a tile or in lines; others are a change of bits away.
        uint own = Hoisted.Of(RowsOf128Bytes.At(Row, 0));
        uint slot = 0, round = 0;
        uint place = 0, placeRound = 0;
        var coming = new LineCursor(BulkTiles.First, 0, 0, 0);
        int held = 0;
        Acquire();
        for (int tile = BulkTiles.First; tile < all; tile += BulkTiles.Step)
        {
            long block = Hoisted.Of((long)tiles.RowsOf(tile).Source(Row) * blocks);
            int token = Hoisted.Of(tiles.FirstToken(tile) + (GroupPair.Rank * BulkStages.TokensOfCopy));
            var (scale, nextScale) = (ScaleOf(block, blocks, 0), NextScaleOf(block, blocks, 0));
            int line = 0;
            for (int i = 0; i < count; i++)
            {
                for (; held < LineMemory.Places && coming.Tile < all; held++)
                {
                    Bring(coming, tiles);
                    coming = coming.Next(lines);
                }

                PhaseBarrier.Wait(Stages.FreeOf(slot), round ^ 1);
                BringTokens(slot, i, token);
                uint after = LinePlaces.After(place);
                PhaseBarrier.Wait(Lines.FullOf(place), placeRound);
                if (!IsInOneLine && LineOf(StartOf(i) + BytesOfStage - 1) > line && line + 1 < lines)
                {
                    PhaseBarrier.Wait(Lines.FullOf(after), placeRound ^ (after == 0 ? 1u : 0));
                }

                uint at = Lines.At(place) + own;
                uint next = IsInOneLine ? at : Lines.At(after) + own;
                int start = StartOf(i) - (line * LineMemory.LineBytes);
                var first = new TilePart { Words = TFormat.WordsIn(new QuantLines(at, next, start), RunOf(i)), Scale = scale };
                var second = new TilePart { Words = NextWords(at, next, start, i, blocks), Scale = nextScale };
                int ahead = IntrinsicMath.Min(i + 1, count - 1);
                (scale, nextScale) = (ScaleOf(block, blocks, ahead), NextScaleOf(block, blocks, ahead));

                // All lanes have read.
                Warp.Barrier();
                int needed = i + 1 == count ? lines : LineOf(StartOf(i + 1));
                for (; line < needed; line++, held--)
                {
                    PhaseBarrier.ArriveHere(Lines.FreeOf(place));
                    place = LinePlaces.After(place);
                    placeRound ^= place == 0 ? 1u : 0;
                }

                Put(first, RunOf(i), exponent, Stages.At(slot) + own);
                Put(second, HasStageInBlock ? RunOf(i) + 1 : 0, exponent, (Stages.At(slot) + own) ^ PieceTurns);
                WarpgroupSums.Offer();
                Warp.Barrier();
                PhaseBarrier.ArriveHere(Stages.FullOf(slot));
                slot = Stages.After(slot);
                round ^= slot == 0 ? 1u : 0;
            }
        }
    }

    // Of a stage's first run, in its block.
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static int RunOf(int stage) => HasStageInBlock ? (stage * Runs) & (BlockTiles<TFormat>.RunsInBlock - 1) : 0;

    // Of a stage's first run, in its row.
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static int BlockOf(int stage) => HasStageInBlock ? stage * Runs / BlockTiles<TFormat>.RunsInBlock : stage * Runs;

    // Of its second run. Where there is none the last is taken again, see BlockTiles.
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static int NextBlockOf(int stage, int blocks) =>
        HasStageInBlock ? BlockOf(stage) : IntrinsicMath.Min(BlockOf(stage) + 1, blocks - 1);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static int StartOf(int stage) => BlockOf(stage) * TFormat.QuantBytes;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static int LineOf(int at) => at / LineMemory.LineBytes;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static RunWords NextWords(uint at, uint next, int start, int stage, int blocks) => HasStageInBlock
        ? TFormat.WordsIn(new QuantLines(at, next, start), RunOf(stage) + 1)
        : TFormat.WordsIn(
            new QuantLines(at, next, start + ((NextBlockOf(stage, blocks) - BlockOf(stage)) * TFormat.QuantBytes)), 0);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private Pack ScaleOf(long block, int blocks, int stage) =>
        TFormat.ScaleWordsOf(Weights.Scales, block + BlockOf(stage), RunOf(stage));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private Pack NextScaleOf(long block, int blocks, int stage) => TFormat.ScaleWordsOf(
        Weights.Scales, block + NextBlockOf(stage, blocks), HasStageInBlock ? RunOf(stage) + 1 : 0);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void Put(in TilePart part, int run, uint exponent, uint to)
    {
        var unpacked = BlockTiles<TFormat>.Unpack(part, run, exponent);
        TileMemory.Store(to, unpacked.First);
        TileMemory.Store(to ^ TileMemory.PieceBytes, unpacked.Second);
        TileMemory.Store(to ^ (2 * TileMemory.PieceBytes), unpacked.Third);
        TileMemory.Store(to ^ (3 * TileMemory.PieceBytes), unpacked.Fourth);
    }

    // By those who bring.
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private void Acquire()
    {
        if (Row == 0)
        {
            TensorMap.Acquire(LineMap);
        }

        if (Row == TokenBringer)
        {
            TensorMap.Acquire(TokenMap);
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private void Bring(LineCursor coming, BulkTiles tiles)
    {
        if (Row == 0)
        {
            uint full = Lines.FullOf(coming.Place);
            PhaseBarrier.Wait(Lines.FreeOf(coming.Place), coming.Round ^ 1);
            PhaseBarrier.Expect(full, LineMemory.PlaceBytes);
            tiles.RowsOf(coming.Tile).Bring(
                Lines.At(coming.Place), LineMap, coming.Line * (LineMemory.LineBytes / sizeof(ushort)), full);
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private void BringTokens(uint slot, int stage, int token)
    {
        if (Row == TokenBringer)
        {
            PhaseBarrier.Expect(Stages.FullOf(slot), WarpgroupMemory.StageBytes - WarpgroupMemory.TokensAt);
            Stages.BringTokens(slot, TokenMap, stage * WarpgroupMemory.Depth, token);
        }
    }
}
