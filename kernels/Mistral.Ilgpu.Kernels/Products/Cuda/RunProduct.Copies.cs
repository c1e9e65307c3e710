using System.Runtime.CompilerServices;
using ILGPU;
using Mistral.Ilgpu.Kernels.Contract;
using Mistral.Ilgpu.Kernels.Formats;
using Mistral.Ilgpu.Kernels.Hardware.Cuda;
using Mistral.Ilgpu.Kernels.Hardware.Waves;
using Mistral.Ilgpu.Kernels.Products.Waves;

namespace Mistral.Ilgpu.Kernels.Products.Cuda;

/// <summary>How weights and tokens come to the stages: which pieces a thread copies, and when.</summary>
internal readonly partial record struct RunProduct<TFormat, TTokens, TEpilogue, TWarps>
{
    /// <summary>
    /// Where the thread finds its pieces of the first stage, counted in pieces, which are fewer than an int can count, and where
    /// they go. Rows and tokens past the end repeat the last one; what they make is not written.
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
            ToValues = Hoisted.Of((uint)(RunStage<TFormat, TTokens, TEpilogue>.ValuesAt
                + ((Group.IdxX >> 4) * RunStage.ValuesPitch) + ((Group.IdxX & 15) * TileMemory.PieceBytes))),
            ToEntries = Hoisted.Of((uint)(RunStage<TFormat, TTokens, TEpilogue>.EntriesAt
                + (eighth * RunStage.EntriesPitch) + (piece * TileMemory.PieceBytes))),
            Thread = Hoisted.Of(Group.IdxX),
            Left = stages,
            ScaleBlock = RowOf(
                firstRow, TensorLane.Index + (TWarps.AreApart ? TensorLane.Warp / RunStage.Runs * RunStage.Rows : 0)) * stages,
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
                    to + (uint)(RunStage.Rows * RunStage.PitchOf<TFormat>()),
                    copies.Quants + (below * QuantPieces), copies.Scales + (below * ScalePieces), piece);
            }

            if (TWarps.Threads == 16 * TTokens.Tokens || copies.Thread < 16 * TTokens.Tokens)
            {
                TensorShared.Copy16Kept(stage + copies.ToValues, At(Addresses.Values, copies.Values));
            }

            if (copies.Thread < 8 * TTokens.Tokens)
            {
                TensorShared.Copy16Kept(stage + copies.ToEntries, At(Addresses.Entries, copies.Entries));
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
            TensorShared.Copy16(to, from);
        }

        if (QuantPieces >= 16 || (QuantPieces > 8 && piece + 8 < QuantPieces))
        {
            TensorShared.Copy16(to + (8 * TileMemory.PieceBytes), from + (8 * TileMemory.PieceBytes));
        }

        if (RunStage.HasScales<TFormat>() && piece < ScalePieces)
        {
            TensorShared.Copy16(to + (uint)RunStage.QuantBytesOf<TFormat>(), At(Addresses.Scales, scales));
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

    private struct Copies
    {
        public int Quants, Scales, Values, Entries, Thread, Left, ScaleBlock;
        public uint ToWeights, ToValues, ToEntries;
    }

    private struct ScaleWords
    {
        public Pack First, Gated;
    }
}
