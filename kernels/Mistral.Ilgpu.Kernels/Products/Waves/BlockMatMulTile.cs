using System.Runtime.CompilerServices;
using ILGPU;
using Mistral.Ilgpu.Kernels.Contract;
using Mistral.Ilgpu.Kernels.Formats;
using Mistral.Ilgpu.Kernels.Inputs;

namespace Mistral.Ilgpu.Kernels.Products.Waves;

/// <summary>
/// y[t, r] = Σ_c W[r, c] x[t, c] for many tokens, with W in blocks and x in eight bits; shapes as in
/// <see cref="BlockMatVecWarp{TFormat,TEpilogue}"/>. Tile form: a group of 256 items makes a tile of 64 tokens (grid x) × 128
/// rows of weights (grid y). Of a gate these are 64 rows and the 64 that they gate. Each item has 8 rows × 4 tokens of the tile.
/// Two runs at a time come to shared memory, with weights unpacked to bytes, see <see cref="BlockTile{TFormat}"/>. While they are
/// multiplied, four bytes at a time, the next two are on their way. Runs are added in order, so a row's sum depends on nothing
/// else in the tile. Nothing is exchanged among lanes: it runs on GPUs without sub-groups too.
/// </summary>
[GroupForm]
[WaveForm]
public readonly record struct BlockMatMulTile<TFormat, TEpilogue>(
    StepState State,
    BlockWeights Weights,
    PackedInput Input,
    ArrayView<float> Output,
    int Rows,
    int OutputStride,
    RowRange Tokens) : IKernel
    where TFormat : struct, IPackedFormat
    where TEpilogue : struct, IEpilogue
{
    /// <summary>The group size this form needs: one item per 8 × 4 elements of the tile.</summary>
    public const int GroupSize = BlockTile.GroupSize;

    /// <summary>Tokens of a tile.</summary>
    public const int TokensPerGroup = BlockTile.Tokens;

    public void Execute()
    {
        int firstToken = Tokens.First(State) + (Grid.IdxX * TokensPerGroup);
        int end = Tokens.End(State);
        if (firstToken >= end)
        {
            return;
        }

        int firstRow = Grid.IdxY * BlockTile.RowsMade(TEpilogue.IsGated);
        var sums = Multiply(firstRow, firstToken, end - 1);
        int row = firstRow + BlockTile.ItemRow;
        int token = firstToken + BlockTile.ItemToken;
        if (TEpilogue.IsGated)
        {
            Write(row, token, end, sums.A, sums.E);
            Write(row + 16, token, end, sums.B, sums.F);
            Write(row + 32, token, end, sums.C, sums.G);
            Write(row + 48, token, end, sums.D, sums.H);
        }
        else
        {
            Write(row, token, end, sums.A, default);
            Write(row + 16, token, end, sums.B, default);
            Write(row + 32, token, end, sums.C, default);
            Write(row + 48, token, end, sums.D, default);
            Write(row + 64, token, end, sums.E, default);
            Write(row + 80, token, end, sums.F, default);
            Write(row + 96, token, end, sums.G, default);
            Write(row + 112, token, end, sums.H, default);
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private EightRows Multiply(int firstRow, int firstToken, int lastToken)
    {
        var quants = SharedMemory.Allocate<Pack>(BlockTile.QuantPacks);
        var scales = SharedMemory.Allocate<float>(BlockTile.ScaleFloats);
        var values = SharedMemory.Allocate<Pack>(BlockTile.ValuePacks);
        var entries = SharedMemory.Allocate<float>(BlockTile.EntryFloats);
        var tile = new BlockTile<TFormat>(quants, scales, values, entries);
        int runs = Weights.Columns / BlockRun.Length;
        int source = BlockTile.Source(firstRow, Rows, TEpilogue.IsGated);
        var sums = default(EightRows);
        var part = BlockTile<TFormat>.Fetch(Weights, Input, source, firstToken, lastToken, 0, runs);
        for (int run = 0; run < runs; run += BlockTile.Runs)
        {
            // All have multiplied what was there.
            Group.Barrier();
            tile.Put(part, run, runs);
            Group.Barrier();
            part = BlockTile<TFormat>.Fetch(Weights, Input, source, firstToken, lastToken, run + BlockTile.Runs, runs);
            int here = IntrinsicMath.Min(BlockTile.Runs, runs - run);
            for (int i = 0; i < here; i++)
            {
                sums = tile.MultiplyAdd(sums, i);
            }
        }

        return sums;
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private void Write(int row, int token, int end, Floats4 products, Floats4 seconds)
    {
        if (row < Rows)
        {
            Write(row, token, end, products.A, seconds.A);
            Write(row, token + 16, end, products.B, seconds.B);
            Write(row, token + 32, end, products.C, seconds.C);
            Write(row, token + 48, end, products.D, seconds.D);
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private void Write(int row, int token, int end, float product, float second)
    {
        if (token < end)
        {
            long to = ((long)token * OutputStride) + row;
            Output[to] = TEpilogue.Combine(Output[to], product, second);
        }
    }
}
