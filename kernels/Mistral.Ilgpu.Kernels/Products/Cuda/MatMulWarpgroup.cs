using System.Runtime.CompilerServices;
using ILGPU;
using Mistral.Ilgpu.Kernels.Contract;
using Mistral.Ilgpu.Kernels.Hardware.Cuda;
using Mistral.Ilgpu.Kernels.Hardware.Waves;
using Mistral.Ilgpu.Kernels.Products.Waves;

namespace Mistral.Ilgpu.Kernels.Products.Cuda;

/// <summary>
/// <see cref="MatMulTensor{TTensor, TWeights, TEpilogue}"/> for sm_90: y[t, r] = Σ_c W[r, c] x[t, c] by <c>wgmma</c>, which reads
/// both factors from shared memory and runs asynchronously. By single warps' products those tensor cores reach less than two
/// thirds of their rate (see the report on expected times). Shapes are those of that form. A group of two warpgroups makes a tile
/// of 128 rows of weights (grid y) × 256 tokens (grid x), each warpgroup 64 of the rows. It takes 64 columns at a time, and each
/// warpgroup brings half of the tiles to shared memory, see <see cref="WarpgroupMemory"/>. While a stage is multiplied two more
/// are on their way, and the next is begun before it ends. Then the sums go through shared memory, so that a warp writes
/// neighbouring rows of one token.
/// </summary>
[GroupForm]
[CudaForm(90, IsAlone = true, GroupSize = GroupSize, GroupsAtOnce = 1, DynamicSharedBytes = WarpgroupMemory.Bytes)]
public readonly record struct MatMulWarpgroup<TTensor, TWeights, TEpilogue>(
    StepState State,
    TWeights Weights,
    ArrayView<ushort> Input,
    ArrayView<float> Output,
    int Rows,
    int InputStride,
    int OutputStride,
    RowRange Tokens) : IKernel
    where TTensor : struct, ITensorFormat
    where TWeights : struct, ITileWeights
    where TEpilogue : struct, IEpilogue
{
    public const int GroupSize = 2 * WarpgroupSums.GroupSize;

    /// <summary>Tokens of a tile.</summary>
    public const int TokensPerGroup = WarpgroupSums.Tokens;

    public void Execute()
    {
        int firstToken = Tokens.First(State) + (Grid.IdxX * TokensPerGroup);
        int end = Tokens.End(State);
        if (firstToken >= end)
        {
            return;
        }

        var rows = new TileRows(Grid.IdxY * TileRows.PerTile(TEpilogue.IsGated), Rows, TEpilogue.IsGated);
        uint memory = WarpgroupMemory.Find();
        Multiply(memory, rows, new TileTokens(TileMemory.AddressOf(Input), InputStride, end - 1), firstToken);

        // Stages past the last column came too.
        TensorShared.WaitForCopies();
        Group.Barrier();
        WarpgroupSums.Store(memory);
        Group.Barrier();
        uint sums = memory + (uint)(TensorLane.Index * sizeof(float));
        int count = IntrinsicMath.Min(end - firstToken, TokensPerGroup);
        var output = new TileOutput<TEpilogue>(Output, Rows, OutputStride, Weights.Scale);
        for (int token = TensorLane.Warp; token < count; token += TileOutput<TEpilogue>.Tokens)
        {
            output.Write(sums + (uint)(token * WarpgroupSums.PitchBytes), rows.First, firstToken, token, count);
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private void Multiply(uint memory, TileRows rows, TileTokens tokens, int firstToken)
    {
        int warpgroup = Group.IdxX / WarpgroupSums.GroupSize;
        int thread = Group.IdxX & (WarpgroupSums.GroupSize - 1);
        int stages = (Weights.Columns + WarpgroupMemory.Depth - 1) / WarpgroupMemory.Depth;
        long weights = Weights.Address;
        Put(Weights.Fetch(thread, rows, 0, warpgroup), thread, memory, rows, weights, tokens, firstToken, 0, warpgroup);
        Put(
            Weights.Fetch(thread, rows, WarpgroupMemory.Depth, warpgroup), thread, memory + WarpgroupMemory.StageBytes,
            rows, weights, tokens, firstToken, WarpgroupMemory.Depth, warpgroup);
        int column = 2 * WarpgroupMemory.Depth;
        var fetched = Weights.Fetch(thread, rows, column, warpgroup);

        WarpgroupSums.Declare();
        uint stage = 0;
        uint next = 2 * WarpgroupMemory.StageBytes;
        for (int i = 0; i < stages; i++)
        {
            TileMemory.WaitForAllButOne();
            WarpgroupSums.WaitForAllButOne();
            WarpgroupSums.Offer();
            Group.Barrier();

            // This stage is there for all, and all have multiplied the one before the last, whose place is free. Copies begin
            // first, to have the time of two stages; what has to be unpacked is beside the products.
            Put(tokens, thread, memory + next, firstToken, column, warpgroup);
            if (TWeights.AreCopied)
            {
                Weights.Put<RowsOf128Bytes>(fetched, thread, memory + next, rows, column, warpgroup, weights);
            }

            WarpgroupSums.Begin();
            WarpgroupStage.Multiply<TTensor>(memory + stage, warpgroup);
            WarpgroupSums.Commit();
            if (!TWeights.AreCopied)
            {
                Weights.Put<RowsOf128Bytes>(fetched, thread, memory + next, rows, column, warpgroup, weights);
            }

            TileMemory.Commit();
            column += WarpgroupMemory.Depth;
            fetched = Weights.Fetch(thread, rows, column, warpgroup);
            stage = WarpgroupMemory.After(stage);
            next = WarpgroupMemory.After(next);
        }

        WarpgroupSums.Wait();
    }

    // The warpgroup's half of a stage.
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private void Put(
        in TilePart part, int thread, uint stage, TileRows rows, long weights, TileTokens tokens, int firstToken, int column,
        int half)
    {
        Weights.Put<RowsOf128Bytes>(part, thread, stage, rows, column, half, weights);
        Put(tokens, thread, stage, firstToken, column, half);
        TileMemory.Commit();
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void Put(TileTokens tokens, int thread, uint stage, int firstToken, int column, int half)
    {
        const int Quarter = TokensPerGroup / 4;
        int first = half * 2 * Quarter;
        uint to = stage + WarpgroupMemory.TokensAt + (uint)(first * WarpgroupMemory.RowBytes);
        tokens.Put<RowsOf128Bytes>(thread, to, firstToken + first, column);
        tokens.Put<RowsOf128Bytes>(thread, to + (Quarter * WarpgroupMemory.RowBytes), firstToken + first + Quarter, column);
    }
}
