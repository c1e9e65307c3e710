using ILGPU;
using ILGPU.Runtime;
using Mistral.Ilgpu.Execution.Devices;
using Mistral.Ilgpu.Execution.Passes;
using Mistral.Ilgpu.Reference;
using Xunit;

namespace Mistral.Ilgpu.Kernels.Tests;

/// <summary>Every form of matrix product, in every format and with both results.</summary>
public sealed class MatMulTests
{
    public static TheoryData<string> All => TestDevice.All;

    public static TheoryData<string> Grouped => TestDevice.Grouped;

    [Theory]
    [MemberData(nameof(All))]
    public void MatVecPacks_AnyShape_EqualsReference(string name) => CheckFormats(new Packs(TestDevice.Get(name)), maxTokens: 5);

    [Theory]
    [MemberData(nameof(All))]
    public void MatVecLanes_AnyShape_EqualsReference(string name) => CheckFormats(new Lanes(TestDevice.Get(name)), maxTokens: 3);

    [Fact]
    public void MatVecVectors_AnyShape_EqualsReference() => CheckFormats(new Vectors(TestDevice.Get("cpu")), maxTokens: 11);

    // More columns and tokens than are taken at once, each with a rest.
    [Fact]
    public void MatVecVectors_MoreThanAtOnce_EqualsReference()
    {
        var form = new Vectors(TestDevice.Get("cpu"));
        var data = new RandomData();
        foreach (var (rows, columns, tokens) in new[] { (6, 2100, 67), (3, 1040, 130) })
        {
            float[] weights = data.PaddedRows(rows, columns);
            Check<BFloat16, ushort>(form, data, rows, columns, tokens, [.. weights.Select(BFloat16.Encode)]);
            Check<Float16, ushort>(form, data, rows, columns, tokens, [.. weights.Select(Float16.Encode)]);
        }
    }

    [Theory]
    [InlineData("cpu")]
    [InlineData("opencl", Traits = [Needs.Trait, Needs.OpenCl])]
    public void StripMatVec_AnyShape_EqualsReference(string name) => CheckFormats(new Strips(TestDevice.Get(name)), maxTokens: 9);

    [Theory]
    [MemberData(nameof(Grouped))]
    public void MatVecGroup_AnyShape_EqualsReference(string name) =>
        CheckFormats(new Grouping(TestDevice.Get(name)), maxTokens: 3, mostRows: 9);

    [Theory]
    [MemberData(nameof(Grouped))]
    public void MatMulTile_AnyShape_EqualsReference(string name) => CheckFormats(new Tiles(TestDevice.Get(name)), maxTokens: 70);

    /// <param name="mostRows">Of forms in which each row has a group of its own, so that more are only more of the same.</param>
    private static void CheckFormats(Form form, int maxTokens, int mostRows = int.MaxValue)
    {
        foreach (var (allRows, columns) in new[] { (1, 1), (5, 7), (66, 33), (129, 64), (3, 300) })
        {
            int rows = Math.Min(allRows, mostRows);
            var data = new RandomData();
            int tokens = data.Next(1, maxTokens + 1);
            float[] weights = data.PaddedRows(rows, columns);
            Check<Float32, float>(form, data, rows, columns, tokens, weights);
            Check<BFloat16, ushort>(form, data, rows, columns, tokens, [.. weights.Select(BFloat16.Encode)]);
            Check<Float16, ushort>(form, data, rows, columns, tokens, [.. weights.Select(Float16.Encode)]);
        }
    }

    private static void Check<TFormat, TElement>(
        Form form, RandomData data, int rows, int columns, int tokens, TElement[] weights)
        where TFormat : struct, IWeightFormat<TElement>
        where TElement : unmanaged
    {
        float[] x = data.PaddedRows(tokens, columns);
        float[] residual = data.PaddedRows(tokens, rows);
        double[] w = [.. weights.Select(bits => (double)TFormat.Decode(bits))];
        var expected = new double[residual.Length];
        var expectedSum = new double[residual.Length];
        var naive = new float[residual.Length];
        int outputStride = Padding.Pad(rows);
        for (int token = 0; token < tokens; token++)
        {
            float[] input = x[(token * Padding.Pad(columns))..((token + 1) * Padding.Pad(columns))];
            double[] y = ReferenceOps.MatVec(w, [.. input.Select(v => (double)v)]);
            for (int row = 0; row < outputStride; row++)
            {
                int at = (token * outputStride) + row;
                expected[at] = row < rows ? y[row] : residual[at];
                expectedSum[at] = row < rows ? y[row] + residual[at] : residual[at];
                naive[at] = row < rows ? NaiveDot(w, input, row) : residual[at];
            }
        }

        double magnitude = x.Chunk(Padding.Pad(columns))
            .Max(row => ReferenceOps.MatVec([.. w.Select(Math.Abs)], [.. row.Select(v => (double)Math.Abs(v))]).Max());
        Closeness.AssertAsGoodAsNaive(
            expected, naive, form.Run<TFormat, TElement, Assign>(weights, x, residual, rows, columns, tokens), magnitude);
        Closeness.AssertClose(
            expectedSum, form.Run<TFormat, TElement, AddToResidual>(weights, x, residual, rows, columns, tokens), absolute: 1e-5);
    }

    private static float NaiveDot(double[] weights, float[] x, int row)
    {
        float sum = 0;
        for (int i = 0; i < x.Length; i++)
        {
            sum += (float)weights[(row * x.Length) + i] * x[i];
        }

        return sum;
    }

    private abstract class Form(ComputeDevice device)
    {
        protected ComputeDevice Device { get; } = device;

        public float[] Run<TFormat, TElement, TResult>(
            TElement[] weights, float[] x, float[] residual, int rows, int columns, int tokens)
            where TFormat : struct, IWeightFormat<TElement>
            where TElement : unmanaged
            where TResult : struct, IResult
        {
            var output = Device.Upload(residual);
            Launch<TFormat, TElement, TResult>(
                PassState.Of(Device, tokens), Device.Upload(weights), Device.Upload(x), output, rows, Padding.Pad(columns), Padding.Pad(rows), tokens);
            return Device.Download(output);
        }

        protected abstract void Launch<TFormat, TElement, TResult>(
            StepState state, ArrayView<TElement> w, ArrayView<float> x, ArrayView<float> y, int rows, int from, int to, int tokens)
            where TFormat : struct, IWeightFormat<TElement>
            where TElement : unmanaged
            where TResult : struct, IResult;
    }

    private sealed class Packs(ComputeDevice device) : Form(device)
    {
        protected override void Launch<TFormat, TElement, TResult>(
            StepState state, ArrayView<TElement> w, ArrayView<float> x, ArrayView<float> y, int rows, int from, int to, int tokens) =>
            Device.Launch(
                new KernelConfig(1, 2),
                new MatVecPacks<TFormat, TElement, TResult>(state, w, x, y, rows, from, to, RowRange.Tokens));
    }

    private sealed class Lanes(ComputeDevice device) : Form(device)
    {
        protected override void Launch<TFormat, TElement, TResult>(
            StepState state, ArrayView<TElement> w, ArrayView<float> x, ArrayView<float> y, int rows, int from, int to, int tokens) =>
            Device.Launch(
                new KernelConfig((rows + 3) / 4, 4),
                new MatVecLanes<TFormat, TElement, TResult>(state, w, x, y, rows, from, to, RowRange.Tokens));
    }

    private sealed class Strips(ComputeDevice device) : Form(device)
    {
        protected override void Launch<TFormat, TElement, TResult>(
            StepState state, ArrayView<TElement> w, ArrayView<float> x, ArrayView<float> y, int rows, int from, int to, int tokens)
        {
            var strips = Device.Zeros<TElement>((long)Strip.Count(rows) * Strip.Rows * from);
            // In two pieces, as large matrices come.
            int first = rows / 2;
            Pack(0, first);
            Pack(first, rows - first);
            Device.Launch(
                new KernelConfig(2, 1),
                new StripMatVec<TFormat, TElement, TResult>(state, strips, x, y, rows, from, to, RowRange.Tokens));

            void Pack(int row, int count)
            {
                if (count > 0)
                {
                    Device.Launch(
                        new KernelConfig(1, 2),
                        new PackStrips<TElement>(w.SubView((long)row * from, (long)count * from), strips, row, from));
                }
            }
        }
    }

    private sealed class Vectors(ComputeDevice device) : Form(device)
    {
        protected override void Launch<TFormat, TElement, TResult>(
            StepState state, ArrayView<TElement> w, ArrayView<float> x, ArrayView<float> y, int rows, int from, int to, int tokens) =>
            Device.Launch(
                new KernelConfig(1, 2),
                new MatVecVectors<TFormat, TElement, TResult>(state, w, x, y, rows, from, to, RowRange.Tokens));
    }

    private sealed class Grouping(ComputeDevice device) : Form(device)
    {
        protected override void Launch<TFormat, TElement, TResult>(
            StepState state, ArrayView<TElement> w, ArrayView<float> x, ArrayView<float> y, int rows, int from, int to, int tokens) =>
            Device.Launch(
                new KernelConfig(new Index3D(rows, tokens, 1), new Index3D(32, 1, 1)), new MatVecGroup<TFormat, TElement, TResult>(w, x, y, from, to));
    }

    private sealed class Tiles(ComputeDevice device) : Form(device)
    {
        protected override void Launch<TFormat, TElement, TResult>(
            StepState state, ArrayView<TElement> w, ArrayView<float> x, ArrayView<float> y, int rows, int from, int to, int tokens)
        {
            const int Tile = MatMulTile<TFormat, TElement, TResult>.Tile;
            Device.Launch(
                new KernelConfig(new Index3D((rows + Tile - 1) / Tile, (tokens + Tile - 1) / Tile, 1), new Index3D(256, 1, 1)),
                new MatMulTile<TFormat, TElement, TResult>(state, w, x, y, rows, from, to, RowRange.Tokens));
        }
    }
}
