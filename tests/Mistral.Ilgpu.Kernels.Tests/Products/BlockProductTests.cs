using ILGPU;
using ILGPU.Runtime;
using Mistral.Ilgpu.Execution.Buffers;
using Mistral.Ilgpu.Execution.Devices;
using Mistral.Ilgpu.Execution.Families;
using Mistral.Ilgpu.Model;
using Mistral.Ilgpu.Planning;
using Xunit;

namespace Mistral.Ilgpu.Kernels.Tests.Products;

/// <summary>Products with quantized weights in every format and form, against float64 over the host's decoding.</summary>
public sealed class BlockProductTests
{
    // Relative to the root of the summed squares of all terms, which no luck of signs makes small. Eight bits round each
    // activation by up to 1/254 of the largest of 32.
    private const double Int8Error = 6e-3;
    private const double FloatError = 2e-6;

    public static TheoryData<string, TensorFormat> Cases =>
        TestDevice.Rows(
            ["cpu", "opencl", .. TestDevice.Waves], Enum.GetValues<TensorFormat>().Where(format => format.IsQuantized()), TestDevice.IsLong);

    [Theory]
    [MemberData(nameof(Cases))]
    public void Product_OfAnyShape_IsNearFloat64(string name, TensorFormat format)
    {
        var device = TestDevice.Get(name);
        int seed = Random.Shared.Next();
        TestContext.Current.TestOutputHelper?.WriteLine($"seed {seed}");
        var random = new Random(seed);
        // Rows of blocks of 32 need not be whole groups of eight, nor so long.
        (int, int, int)[] odd = format.BlockLength() == 32 ? [(6, 416, 1), (5, 352, 6), (3, 96, 2)] : [];
        foreach (var (rows, columns, tokens) in new[] { (1, 256, 1), (37, 512, 1), (70, 768, 5), (33, 256, 67) }.Concat(odd))
        {
            // Both results in turn: each kernel takes its time to compile.
            bool residual = rows % 2 == 0;
            var best = Family.Of(device).LayoutOf(format, ActivationType.Int8);
            foreach (var layout in new[] { WeightLayout.Rows, best }.Distinct())
            {
                Check(device, random, format, new(rows, columns, tokens, residual, layout), ActivationType.Int8, Int8Error);
            }

            Check(
                device, random, format, new(rows, columns, tokens, residual, WeightLayout.Rows), ActivationType.Float32,
                FloatError);
        }
    }

    [Theory]
    [MemberData(nameof(Cases))]
    public void Embed_AnyToken_IsTheHostsDecoding(string name, TensorFormat format)
    {
        var device = TestDevice.Get(name);
        var random = new Random(5);
        const int Rows = 19;
        const int Columns = 512;
        byte[] blocks = RandomBlocks.Create(random, format, Rows * Columns / format.BlockLength());
        var expected = new float[Rows * Columns];
        format.Decode(blocks, expected);
        int[] ids = [18, 0, 7, 7];
        var state = PassState.Of(device, ids.Length, ids: ids);
        var hidden = new Activation("hidden", ids.Length, Columns, device.Zeros<float>(ids.Length * Columns));
        // A table that is an output matrix too may lie in strips.
        var tied = Family.Of(device).TableLayoutOf(format, ActivationType.Int8, isMultiplied: true);
        foreach (var layout in new[] { WeightLayout.Rows, tied }.Distinct())
        {
            var table = new WeightMatrix("table", [Band(device, format, Rows, Columns, blocks, layout)]);
            KernelSet.Of(device, state).Embed("embed", table, hidden).Run(new Pass(0, ids.Length, 0));
            float[] found = device.Download(hidden.View);
            for (int token = 0; token < ids.Length; token++)
            {
                Assert.Equal(expected.AsSpan(ids[token] * Columns, Columns), found.AsSpan(token * Columns, Columns));
            }
        }
    }

    private static void Check(
        ComputeDevice device, Random random, TensorFormat format, Shape shape, ActivationType activations, double bound)
    {
        var (rows, columns, tokens, residual, layout) = shape;
        byte[] blocks = RandomBlocks.Create(random, format, rows * columns / format.BlockLength());
        var weights = new float[rows * columns];
        format.Decode(blocks, weights);
        float[] x = [.. Enumerable.Range(0, tokens * columns).Select(_ => (float)(random.NextDouble() - 0.5))];
        float[] before = [.. Enumerable.Range(0, tokens * rows).Select(_ => (float)random.NextDouble())];

        var state = PassState.Of(device, tokens);
        var input = Family.Of(device).Input(device, "x", tokens, columns, device.Upload(x), _ => { });
        int stride = Padding.Pad(rows);
        var output = new Activation("y", tokens, rows, device.Zeros<float>(tokens * stride));
        var padded = new float[tokens * stride];
        for (int token = 0; token < tokens; token++)
        {
            before.AsSpan(token * rows, rows).CopyTo(padded.AsSpan(token * stride));
        }

        output.View.CopyFromCPU(device.Stream, padded);
        // Two bands, as a file that mixes formats makes them.
        int split = rows / 2;
        int rowBytes = (int)format.BytesOf(columns);
        WeightBand[] bands = split == 0
            ? [Band(device, format, rows, columns, blocks, layout)]
            :
            [
                Band(device, format, split, columns, blocks[..(split * rowBytes)], layout),
                Band(device, format, rows - split, columns, blocks[(split * rowBytes)..], layout) with { FirstRow = split },
            ];
        var kernels = KernelSet.Of(device, state, activations);
        kernels.MatMul("product", new WeightMatrix("w", bands), new ProductInput(input, RowSet.Tokens), output, residual)
            .Run(new Pass(0, tokens, 0));
        float[] found = device.Download(output.View);

        double error = 0;
        double size = 0;
        for (int token = 0; token < tokens; token++)
        {
            for (int row = 0; row < rows; row++)
            {
                double product = 0;
                for (int column = 0; column < columns; column++)
                {
                    double term = (double)weights[(row * columns) + column] * x[(token * columns) + column];
                    product += term;
                    size += term * term;
                }

                double start = residual ? before[(token * rows) + row] : 0;
                error += Math.Pow(found[(token * stride) + row] - start - product, 2);
            }
        }

        // What is added to takes a rounding of its own.
        double rounding = residual ? 1e-6 * Math.Sqrt(tokens * rows) : 0;
        // A single sum may stray by several deviations.
        bound *= 1 + (4 / Math.Sqrt(tokens * rows));
        Assert.True(Math.Sqrt(error) <= (bound * Math.Sqrt(size)) + rounding, $"{shape} {activations}: error {Math.Sqrt(error / size):g3}, expected at most {bound}");
    }

    private static WeightBand Band(
        ComputeDevice device, TensorFormat format, int rows, int columns, byte[] blocks, WeightLayout layout)
    {
        var band = new WeightBand(
            0, rows, columns, format, device.Zeros<byte>(WeightBand.SizeOf(rows, columns, format, layout)), layout);
        using var stream = new WeightStream(device);
        stream.Write(blocks, band, 0, rows);
        return band;
    }

    private readonly record struct Shape(int Rows, int Columns, int Tokens, bool Residual, WeightLayout Layout);
}
