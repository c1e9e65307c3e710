using ILGPU;
using ILGPU.Runtime;
using Mistral.Ilgpu.Execution.Devices;

namespace Mistral.Ilgpu.Execution.Families;

/// <summary>The tests before first use. They multiply tiles of integers, whose sums are exact in any order, and count the wrong
/// results.</summary>
internal sealed partial class WarpgroupProducts
{
    private const string Purpose = "the self-test";

    // Whole tiles.
    private const int Tokens = MatMulBulk<BFloat16Tensor, Assign>.TokensPerGroup;

    // Five stages, so that the first stage's place in shared memory is reused.
    private const int Columns = 320;
    private const int Seed = 29;

    private bool Try<TTensor>(bool isBulk)
        where TTensor : struct, ITensorFormat
    {
        // With bulk copies a pair of groups takes two tiles of 256 rows, the second in part.
        int rows = (isBulk ? 3 : 1) * TileMemory.Rows;
        bool isBFloat16 = typeof(TTensor) == typeof(BFloat16Tensor);
        return Passes(rows, typeof(TTensor).Name, isBulk, () => CountWrong(rows, isBFloat16, Launch));

        void Launch(StepState state, int[] w, ArrayView<ushort> input, ArrayView<float> output)
        {
            using var weights = _device.Allocate<ushort>(w.Length, Purpose);
            weights.View.CopyFromCPU(_device.Stream, Encode(w, isBFloat16));
            var tiles = new ElementTiles(weights.View, Columns);
            if (isBulk)
            {
                _device.Launch(BulkShape(1), Bulk<TTensor, Assign>(
                    state, tiles, rows, input, Columns, output, rows, rows, RowRange.Tokens));
            }
            else
            {
                _device.Launch(
                    Shape(Tokens, rows, isGated: false),
                    new MatMulWarpgroup<TTensor, ElementTiles, Assign>(
                        state, tiles, input, output, rows, Columns, rows, RowRange.Tokens));
            }

            _device.Synchronize();
        }
    }

    // In Q8_0, whose quants are the integers, with scales of 1.
    private bool TryBlocks()
    {
        const int Rows = 3 * TileMemory.Rows;
        return Passes(Rows, nameof(BlockWeights), isBulk: true, () => CountWrong(Rows, isBFloat16: false, Launch));

        void Launch(StepState state, int[] w, ArrayView<ushort> input, ArrayView<float> output)
        {
            using var quants = _device.Allocate<byte>(w.Length, Purpose);
            using var scales = _device.Allocate<ushort>(w.Length / BlockRun.Length, Purpose);
            quants.View.CopyFromCPU(_device.Stream, [.. w.Select(value => (byte)(sbyte)value)]);
            scales.View.CopyFromCPU(_device.Stream, [.. Enumerable.Repeat(Float16.Encode(1), w.Length / BlockRun.Length)]);
            _device.Launch(BlockShape(1), Blocks<Q8_0, Assign>(
                state, new BlockWeights(quants.View, scales.View, Columns), Rows, input, Columns, output, Rows, Rows,
                RowRange.Tokens));
            _device.Synchronize();
        }
    }

    private bool Passes(int rows, string format, bool isBulk, Func<int> countWrong) => FormTest.Passes(
        _device, "products by warpgroups", "warpgroups", (rows * Tokens, $"sums of {format}"), countWrong,
        reason => Tell(reason, isBulk));

    private int CountWrong(int rows, bool isBFloat16, Action<StepState, int[], ArrayView<ushort>, ArrayView<float>> launch)
    {
        var random = new Random(Seed);
        int[] w = Numbers(rows), x = Numbers(Tokens);
        using var state = _device.Allocate<int>(StepState.Header, Purpose);
        using var input = _device.Allocate<ushort>(x.Length, Purpose);
        using var output = _device.Allocate<float>(Tokens * rows, Purpose);
        var header = new int[StepState.Header];
        header[StepState.TokenCountAt] = Tokens;
        state.View.CopyFromCPU(_device.Stream, header);
        input.View.CopyFromCPU(_device.Stream, Encode(x, isBFloat16));
        launch(new StepState(state.View), w, input.View, output.View);
        var found = new float[Tokens * rows];
        output.View.CopyToCPU(_device.Stream, found);
        _device.Synchronize();
        return Enumerable.Range(0, found.Length).Count(
            i => found[i] != Dot(w.AsSpan(i % rows * Columns, Columns), x.AsSpan(i / rows * Columns, Columns)));

        int[] Numbers(int count) => [.. Enumerable.Range(0, count * Columns).Select(_ => random.Next(-8, 9))];
    }

    private static ushort[] Encode(int[] values, bool isBFloat16) =>
        [.. values.Select(value => isBFloat16 ? BFloat16.Encode(value) : Float16.Encode(value))];

    private static int Dot(ReadOnlySpan<int> a, ReadOnlySpan<int> b)
    {
        int sum = 0;
        for (int i = 0; i < a.Length; i++)
        {
            sum += a[i] * b[i];
        }

        return sum;
    }
}
