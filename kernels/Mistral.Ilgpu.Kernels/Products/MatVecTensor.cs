using System.Runtime.CompilerServices;
using ILGPU;

namespace Mistral.Ilgpu.Kernels;

/// <summary>
/// y[t, r] = Σ_c W[r, c] x[t, c] for few tokens, on tensor cores, with 16-bit weights as they lie in memory; also y += and the gated
/// first half of a feed-forward layer, see <see cref="IEpilogue"/>. W: rows × inputStride (of a gate 2·rows), x: tokens × inputStride, both
/// zero-padded to <see cref="Padding.Columns"/>; y: tokens × outputStride; of the pass's rows those of Tokens.
/// A group of eight warps makes 16 rows (grid y) for 8 or 16 tokens (grid x), so that weights are read once for all of them. Each warp sums
/// chunks of 128 columns of its own; a lane loads 16 bytes of two rows at a time straight into the registers that the product takes, for
/// any order of columns will do that activations share. Those are split in two 16-bit numbers, which rounds them to 16 or 22 bits. A
/// token is a column of the product, so its sums are the same whatever tokens stand beside it. A form with a norm takes one token, the first
/// of Tokens, and every group finds its scale; the bits are those of the kernels apart.
/// </summary>
[GroupForm]
[CudaForm(80, GroupSize = Strands.GroupSize / 2, GroupsAtOnce = 2)]
public readonly record struct MatVecTensor<TTensor, TTokens, TNorm, TEpilogue>(
    StepState State,
    ArrayView<ushort> Weights,
    PrefetchedRows Ahead,
    ArrayView<float> Input,
    RmsNormed Norm,
    ArrayView<float> Output,
    int Rows,
    int InputStride,
    int OutputStride,
    RowRange Tokens) : IKernel
    where TTensor : struct, ISplitFormat
    where TTokens : struct, ITokenBlocks
    where TNorm : struct, IInputNorm
    where TEpilogue : struct, IEpilogue
{
    public const int GroupSize = Strands.GroupSize / 2;

    /// <summary>Weights in the 16 bytes that a lane loads at once.</summary>
    private const int PerPack = 8;

    // Packs of a row that a warp takes with one load in each lane, and with four.
    private const int StepPacks = 4;
    private const int ChunkPacks = 4 * StepPacks;

    private static int Matrices => TEpilogue.IsGated ? 2 : 1;

    public void Execute()
    {
        var shared = SharedMemory.Allocate<float>(Strands.SharedFloats / 2);
        int firstRow = Grid.IdxY * Strands.Rows;
        // In a round, of every row what the first turn of the loop takes, or half of that.
        Ahead.Prefetch(firstRow, Rows, Matrices, GroupSize / (Matrices * Strands.Rows), TEpilogue.RoundsAhead);
        Predecessor.Await();
        int firstToken = Tokens.First(State) + (Grid.IdxX * TTokens.Tokens);
        int end = Tokens.End(State);
        if (firstToken >= end)
        {
            return;
        }

        var sums = Sum(firstRow, firstToken, end - 1);
        Strands.Save(shared, 0, sums.First, Strands.EightWarps);
        if (TTokens.AreTwo)
        {
            Strands.Save(shared, 1, sums.Second, Strands.EightWarps);
        }

        if (TEpilogue.IsGated)
        {
            Strands.Save(shared, 2, sums.GatedFirst, Strands.EightWarps);
        }

        if (TTokens.AreTwo && TEpilogue.IsGated)
        {
            Strands.Save(shared, 3, sums.GatedSecond, Strands.EightWarps);
        }

        Group.Barrier();
        int item = Group.IdxX;
        int row = firstRow + (item & (Strands.Rows - 1));
        int token = firstToken + (item / Strands.Rows);
        if (item < Strands.Rows * TTokens.Tokens && row < Rows && token < end)
        {
            float product = Strands.SumOfEightWarps(shared, 0, item);
            float second = TEpilogue.IsGated ? Strands.SumOfEightWarps(shared, 2, item) : 0;
            long to = ((long)token * OutputStride) + row;
            Output[to] = TEpilogue.Combine(Output[to], product, second);
        }
    }

    /// <summary>The warp's strand of all columns.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private Products Sum(int firstRow, int firstToken, int lastToken)
    {
        // Rows and tokens past the end repeat the last one; what they make is not written.
        int top = IntrinsicMath.Min(firstRow + TensorLane.Row, Rows - 1);
        int bottom = IntrinsicMath.Min(firstRow + TensorLane.Row + (Strands.Rows / 2), Rows - 1);
        int token = firstToken + TensorLane.Row;
        int packs = InputStride / PerPack;
        int first = TNorm.IsOn ? Tokens.Token(State, firstToken) : IntrinsicMath.Min(token, lastToken);
        var places = new Places
        {
            Upper = top * packs,
            Lower = bottom * packs,
            GatedUpper = (Rows + top) * packs,
            GatedLower = (Rows + bottom) * packs,
            First = first * packs,
            Second = IntrinsicMath.Min(token + Strands.Tokens, lastToken) * packs,
            Scale = TNorm.IsOn ? Norm.ScaleOf(Input.Cast<Float4>(), 2L * first * packs) : 1,
        };
        int within = TensorLane.Index & (StepPacks - 1);
        int chunks = packs / ChunkPacks;
        var sums = default(Products);
        for (int chunk = TensorLane.Warp; chunk < chunks; chunk += Strands.EightWarps)
        {
            int pack = (chunk * ChunkPacks) + within;
            sums = Step(sums, places, pack, true);
            sums = Step(sums, places, pack + StepPacks, true);
            sums = Step(sums, places, pack + (2 * StepPacks), true);
            sums = Step(sums, places, pack + (3 * StepPacks), true);
        }

        // What is left of the columns is less than a chunk, and may end with half a step.
        int rest = (chunks * ChunkPacks) + (TensorLane.Warp * StepPacks);
        if (rest < packs)
        {
            bool exists = rest + within < packs;
            sums = Step(sums, places, exists ? rest + within : 0, exists);
        }

        return sums;
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private Products Step(Products sums, in Places places, int pack, bool exists)
    {
        var weights = Weights.Cast<Pack>();
        var x = Input.Cast<Float4>();
        var (upper, lower) = (weights[(long)(places.Upper + pack)], weights[(long)(places.Lower + pack)]);
        long first = 2L * (places.First + pack);
        var eight = TNorm.IsOn
            ? new SplitEight<TTensor>(Norm.Apply(x[first], places.Scale, 2 * pack), Norm.Apply(x[first + 1], places.Scale, (2 * pack) + 1), exists)
            : new SplitEight<TTensor>(x[first], x[first + 1], exists);
        sums.First = eight.MultiplyAdd(sums.First, upper, lower);
        if (TEpilogue.IsGated)
        {
            sums.GatedFirst = eight.MultiplyAdd(sums.GatedFirst, weights[(long)(places.GatedUpper + pack)], weights[(long)(places.GatedLower + pack)]);
        }

        if (TTokens.AreTwo)
        {
            long second = 2L * (places.Second + pack);
            eight = new SplitEight<TTensor>(x[second], x[second + 1], exists);
            sums.Second = eight.MultiplyAdd(sums.Second, upper, lower);
            if (TEpilogue.IsGated)
            {
                sums.GatedSecond = eight.MultiplyAdd(sums.GatedSecond, weights[(long)(places.GatedUpper + pack)], weights[(long)(places.GatedLower + pack)]);
            }
        }

        return sums;
    }

    /// <summary>Where rows of weights and of activations begin, in packs (which can be counted in an int, as their bytes cannot), and what the first token is multiplied with.</summary>
    private struct Places
    {
        public int Upper, Lower, GatedUpper, GatedLower, First, Second;
        public float Scale;
    }

    private struct Products
    {
        public Sums16x8 First, Second, GatedFirst, GatedSecond;
    }
}
