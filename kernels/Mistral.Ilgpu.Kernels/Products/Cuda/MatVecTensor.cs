using System.Runtime.CompilerServices;
using ILGPU;
using Mistral.Ilgpu.Kernels.Contract;
using Mistral.Ilgpu.Kernels.Hardware.Cuda;
using Mistral.Ilgpu.Kernels.Hardware.Waves;
using Mistral.Ilgpu.Kernels.Inputs;
using Mistral.Ilgpu.Kernels.Products.Waves;

namespace Mistral.Ilgpu.Kernels.Products.Cuda;

/// <summary>
/// y[t, r] = Σ_c W[r, c] x[t, c] for few tokens, on tensor cores, with 16-bit weights as they lie in memory. Also y += and the
/// gated first half of a feed-forward layer, see <see cref="IEpilogue"/>. W: rows × inputStride (of a gate 2·rows), x: tokens ×
/// inputStride, both zero-padded to <see cref="Formats.Padding.Columns"/>. y: tokens × outputStride. Of the pass's rows it takes
/// those of Tokens. A group of eight warps makes 16 rows (grid y) for 8 or 16 tokens (grid x). So weights are read once for all
/// of them. For 16 tokens it makes 32 rows where there is one matrix. So it reads no more bytes of tokens than of weights. Each
/// warp sums chunks of 128 columns of its own. A lane loads 16 bytes of two rows at a time straight into the registers that the
/// product takes. Any order of columns is right if activations have the same. Those are split in two 16-bit numbers, which rounds
/// them to 16 or 22 bits. A token is a column of the product, so its sums are the same whatever tokens stand beside it. A form
/// with a norm takes one token, the first of Tokens, and every group finds its scale. The bits are those of the separate kernels.
/// </summary>
[GroupForm]
[CudaForm(80, GroupSize = WarpRows.GroupSize, GroupsAtOnce = 2)]
public readonly record struct MatVecTensor<TTensor, TTokens, TNorm, TEpilogue>(
    StepState State, ArrayView<ushort> Weights, PrefetchedRows Ahead, ArrayView<float> Input, RmsNormed Norm,
    ArrayView<float> Output, int Rows, int InputStride, int OutputStride, RowRange Tokens) : IKernel
    where TTensor : struct, ISplitFormat
    where TTokens : struct, ITokenBlocks
    where TNorm : struct, IInputNorm
    where TEpilogue : struct, IEpilogue
{
    /// <summary>Weights in the 16 bytes that a lane loads at once.</summary>
    private const int PerPack = 8;

    // Packs of a row that a warp takes with one load in each lane, and with four.
    private const int StepPacks = 4;
    private const int ChunkPacks = 4 * StepPacks;

    private static bool HasTwoTiles => MatVecRows.PerGroup<TTokens, TEpilogue>() > Strands.Rows;

    private static int Matrices => TEpilogue.IsGated ? 2 : 1;

    public void Execute()
    {
        int firstRow = Grid.IdxY * MatVecRows.PerGroup<TTokens, TEpilogue>();
        // In a round, of every row what the first turn of the loop takes, or half of that.
        Ahead.Prefetch(firstRow, Rows, Matrices, WarpRows.GroupSize / (Matrices * Strands.Rows), TEpilogue.RoundsAhead);
        if (HasTwoTiles)
        {
            Ahead.Prefetch(
                firstRow + Strands.Rows, Rows, Matrices, WarpRows.GroupSize / (Matrices * Strands.Rows), TEpilogue.RoundsAhead);
        }

        Predecessor.Await();
        var shared = TTokens.AreTwo
            ? SharedMemory.Allocate<float>(StrandMemory.SharedFloats)
            : SharedMemory.Allocate<float>(StrandMemory.SharedFloats / 2);
        int firstToken = Tokens.First(State) + (Grid.IdxX * TTokens.Tokens);
        int end = Tokens.End(State);
        if (firstToken >= end)
        {
            return;
        }

        var sums = Sum(firstRow, firstToken, end - 1);
        Save(shared, 0, sums.First);
        if (TEpilogue.IsGated)
        {
            Save(shared, 1, sums.Gated);
        }

        Group.Barrier();
        Write(shared, 0, firstRow, firstToken, end);
        if (HasTwoTiles)
        {
            Write(shared, 1, firstRow + Strands.Rows, firstToken, end);
        }
    }

    // Blocks of tokens of the upper rows, then those of the lower, or of the second matrix.
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void Save(ArrayView<float> shared, int matrix, MatrixSums sums)
    {
        int block = matrix * (TTokens.AreTwo ? 2 : 1);
        StrandMemory.Save(shared, block, sums.First);
        if (TTokens.AreTwo)
        {
            StrandMemory.Save(shared, block + 1, sums.Second);
        }

        if (HasTwoTiles)
        {
            StrandMemory.Save(shared, block + 2, sums.LowerFirst);
            StrandMemory.Save(shared, block + 3, sums.LowerSecond);
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private void Write(ArrayView<float> shared, int tile, int firstRow, int firstToken, int end)
    {
        int item = Group.IdxX;
        int row = firstRow + (item & (Strands.Rows - 1));
        int token = firstToken + (item / Strands.Rows);
        if (item < Strands.Rows * TTokens.Tokens && row < Rows && token < end)
        {
            float product = StrandMemory.SumOf(shared, 2 * tile, item);
            float second = TEpilogue.IsGated ? StrandMemory.SumOf(shared, TTokens.AreTwo ? 2 : 1, item) : 0;
            long to = ((long)token * OutputStride) + row;
            Output[to] = TEpilogue.Combine(Output[to], product, second);
        }
    }

    /// <summary>The warp's strand of all columns.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private Products Sum(int firstRow, int firstToken, int lastToken)
    {
        // Rows and tokens past the end repeat the last one; what they make is not written.
        int row = firstRow + TensorLane.Row;
        int token = firstToken + TensorLane.Row;
        int packs = InputStride / PerPack;
        int first = TNorm.IsOn ? Tokens.Token(State, firstToken) : IntrinsicMath.Min(token, lastToken);
        var places = new Places
        {
            A = PlaceOf(row, packs),
            B = PlaceOf(row + TensorLane.RowsApart, packs),
            C = PlaceOf(row + (2 * TensorLane.RowsApart), packs),
            D = PlaceOf(row + (3 * TensorLane.RowsApart), packs),
            First = first * packs,
            Second = IntrinsicMath.Min(token + StrandMemory.Tokens, lastToken) * packs,
            Scale = TNorm.IsOn ? Norm.ScaleOf(Input.Cast<Floats4>(), 2L * first * packs) : 1,
        };
        int within = TensorLane.Index & (StepPacks - 1);
        int whole = packs & -ChunkPacks;
        var sums = default(Products);
        for (int pack = (TensorLane.Warp * ChunkPacks) + within; pack < whole; pack += StrandMemory.EightWarps * ChunkPacks)
        {
            sums = Step(sums, places, pack, true);
            sums = Step(sums, places, pack + StepPacks, true);
            sums = Step(sums, places, pack + (2 * StepPacks), true);
            sums = Step(sums, places, pack + (3 * StepPacks), true);
        }

        // What is left of the columns is less than a chunk, and may end with half a step.
        int rest = whole + (TensorLane.Warp * StepPacks);
        if (rest < packs)
        {
            bool exists = rest + within < packs;
            sums = Step(sums, places, exists ? rest + within : 0, exists);
        }

        return sums;
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private int PlaceOf(int row, int packs) => IntrinsicMath.Min(row, Rows - 1) * packs;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private Products Step(Products sums, in Places places, int pack, bool exists)
    {
        var x = Input.Cast<Floats4>();
        var rows = Load(places, pack);
        long first = 2L * (places.First + pack);
        var eight = TNorm.IsOn
            ? new SplitEight<TTensor>(
                Norm.Apply(x[first], places.Scale, 2 * pack), Norm.Apply(x[first + 1], places.Scale, (2 * pack) + 1), exists)
            : new SplitEight<TTensor>(x[first], x[first + 1], exists);
        sums.First.First = eight.MultiplyAdd(sums.First.First, rows.A, rows.B);
        if (HasTwoTiles)
        {
            sums.First.LowerFirst = eight.MultiplyAdd(sums.First.LowerFirst, rows.C, rows.D);
        }

        // The second matrix lies below the first.
        var gated = TEpilogue.IsGated ? Load(places, pack + (Rows * (InputStride / PerPack))) : default;
        if (TEpilogue.IsGated)
        {
            sums.Gated.First = eight.MultiplyAdd(sums.Gated.First, gated.A, gated.B);
        }

        if (TTokens.AreTwo)
        {
            long second = 2L * (places.Second + pack);
            eight = new SplitEight<TTensor>(x[second], x[second + 1], exists);
            sums.First.Second = eight.MultiplyAdd(sums.First.Second, rows.A, rows.B);
            if (HasTwoTiles)
            {
                sums.First.LowerSecond = eight.MultiplyAdd(sums.First.LowerSecond, rows.C, rows.D);
            }

            if (TEpilogue.IsGated)
            {
                sums.Gated.Second = eight.MultiplyAdd(sums.Gated.Second, gated.A, gated.B);
            }
        }

        return sums;
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private RowPacks Load(in Places places, int pack)
    {
        var weights = Weights.Cast<Pack>();
        var packs = new RowPacks { A = weights[(long)(places.A + pack)], B = weights[(long)(places.B + pack)] };
        if (HasTwoTiles)
        {
            (packs.C, packs.D) = (weights[(long)(places.C + pack)], weights[(long)(places.D + pack)]);
        }

        return packs;
    }

    // Of the rows A to D.
    private struct RowPacks
    {
        public Pack A, B, C, D;
    }

    /// <summary>
    /// Where the lane's rows of weights begin, C and D of the lower tile, and those of activations, in packs. An int can count
    /// packs, and not their bytes. Also what the first token is multiplied with.
    /// </summary>
    private struct Places
    {
        public int A, B, C, D, First, Second;
        public float Scale;
    }

    private struct MatrixSums
    {
        public Sums16x8 First, Second, LowerFirst, LowerSecond;
    }

    private struct Products
    {
        public MatrixSums First, Gated;
    }
}
