using System.Runtime.InteropServices;
using ILGPU;
using ILGPU.Runtime;
using Mistral.Ilgpu.Execution.Buffers;
using Mistral.Ilgpu.Execution.Devices;
using Mistral.Ilgpu.Execution.Families;
using Mistral.Ilgpu.Model;
using Mistral.Ilgpu.Planning;
using Mistral.Ilgpu.Reference;
using Xunit;

namespace Mistral.Ilgpu.Kernels.Tests.Products;

/// <summary>A random matrix and random activations, multiplied by a device and in float64.</summary>
internal sealed class Product
{
    private const float Epsilon = 1e-5f;

    private readonly ComputeDevice _device;
    private readonly float[] _weights;
    private readonly int _columns;
    private readonly int _tokens;
    private readonly float[] _before;

    public Product(ComputeDevice device, TensorFormat format, int rows, int columns, int tokens)
    {
        int seed = Random.Shared.Next();
        TestContext.Current.TestOutputHelper?.WriteLine($"seed {seed}");
        var random = new Random(seed);
        (_device, _columns, _tokens) = (device, columns, tokens);
        _weights = new float[rows * columns];
        Band = new WeightBand(0, rows, columns, format, device.Zeros<byte>(WeightBand.SizeOf(rows, columns, format, WeightLayout.Rows)), WeightLayout.Rows);
        byte[] bytes = Weights(random, format);
        using var stream = new WeightStream(device);
        stream.Write(bytes, Band, 0, rows);
        Input = PaddedRows(random, columns);
        _before = PaddedRows(random, rows);
    }

    private Product(Product source, WeightBand band, int first, int count, float[]? input = null)
    {
        (_device, _columns, _tokens, _weights, Band) = (source._device, source._columns, count, source._weights, band);
        Input = (input ?? source.Input)[(first * InputStride)..((first + count) * InputStride)];
        _before = source._before[(first * OutputStride)..((first + count) * OutputStride)];
    }

    public WeightBand Band { get; }

    public float[] Input { get; }

    public int OutputStride => Padding.Pad(Band.Rows);

    private int InputStride => Padding.Pad(_columns);

    /// <summary>The same weights and some of the tokens.</summary>
    public Product Of(int first, int count) => new(this, Band, first, count);

    /// <summary>Other activations.</summary>
    public Product With(float[] input) => new(this, Band, 0, _tokens, input);

    /// <summary>Other weights.</summary>
    public Product With(WeightBand band) => new(this, band, 0, _tokens);

    public float[] Run(Pass pass, bool addToResidual = false, WeightBand[]? bands = null)
    {
        bands ??= [Band];
        int rows = bands.Sum(band => band.Rows);
        var output = new Activation("y", _tokens, rows, _device.Upload(rows == Band.Rows ? [.. _before] : new float[_tokens * Padding.Pad(rows)]));
        Kernels(pass).MatMul("product", new WeightMatrix("w", bands), new ProductInput(Activations(), RowSet.Tokens), output, addToResidual).Run(pass);
        return _device.Download(output.View);
    }

    public float[] RunGated(Pass pass)
    {
        int rows = Band.Rows / 2;
        var output = new Activation("y", _tokens, rows, _device.Zeros<float>(_tokens * Padding.Pad(rows)));
        var products = new Activation("products", _tokens, Band.Rows, _device.Zeros<float>(_tokens * OutputStride));
        Kernels(pass).SwiGlu("gate", new WeightMatrix("w", [Band]), new ProductInput(Activations(), RowSet.Tokens), products, output).Run(pass);
        return _device.Download(output.View);
    }

    /// <summary>The product with the norm of the activations, as the graph has it.</summary>
    /// <param name="rows">Tokens, or rows of logits of the tokens in turn.</param>
    /// <param name="last">The token of the first row of logits.</param>
    public float[] RunNormed(Pass pass, float[] gain, RowSet? rows = null, int last = 0)
    {
        var set = rows ?? RowSet.Tokens;
        int count = set.Count(pass);
        var state = set == RowSet.Logits ? PassState.OfLogits(_device, [.. Enumerable.Range(last, count)]) : PassState.Of(_device, pass.TokenCount, pass.DecodeCount);
        var output = new Activation("y", count, Band.Rows, _device.Zeros<float>(count * OutputStride));
        var run = new PlannedRun(gain, _device);
        var normed = run.Add(Activations(count), set);
        run.Bind(
            KernelSet.Of(_device, state),
            new Norm("norm", run.Add(Activations(), RowSet.Tokens), run.Gain, normed, Epsilon),
            new Planning.Product("product", normed, run.Add(Band), run.Add(output, set))).Launch(pass);
        return _device.Download(output.View);
    }

    /// <summary>Norm, gated product and the product that follows, all of random weights.</summary>
    /// <param name="isApart">Whether each operation is bound as if there were no others.</param>
    /// <returns>Of the gated product the output, as it is and in eight bits; and the last product.</returns>
    public (float[] Gated, uint[] Packed, float[] Down) RunFeedForward(
        Pass pass, float[] gain, WeightBand down, bool isApart = false)
    {
        int rows = Band.Rows / 2;
        var activated = new Activation(
            "activated", _tokens, rows, _device.Zeros<float>(_tokens * Padding.Pad(rows)), tensor: TensorInput.Allocate(_device, "activated", _tokens, rows, _ => { }));
        var products = new Activation("products", _tokens, Band.Rows, _device.Zeros<float>(_tokens * OutputStride));
        var output = new Activation("y", _tokens, down.Rows, _device.Zeros<float>(_tokens * Padding.Pad(down.Rows)));
        var run = new PlannedRun(gain, _device);
        var (normed, gated) = (run.Add(Activations(_tokens), RowSet.Tokens), run.Add(activated, RowSet.Tokens));
        Operation[] operations =
        [
            new Norm("norm", run.Add(Activations(), RowSet.Tokens), run.Gain, normed, Epsilon),
            new GatedProduct("gate", normed, run.Add(Band), run.Add(products, RowSet.Tokens), gated),
            new Planning.Product("down", gated, run.Add(down), run.Add(output, RowSet.Tokens)),
        ];
        (isApart ? run.BindApart(Kernels(pass), operations) : run.Bind(Kernels(pass), operations)).Launch(pass);
        return (_device.Download(activated.View), activated.Tensor!.Packed is { } packed ? _device.Download(packed.Values) : [], _device.Download(output.View));
    }

    /// <summary>The same with the norm of the activations in their place, by float64.</summary>
    public Product Normed(float[] gain)
    {
        var normed = new float[Input.Length];
        for (int token = 0; token < _tokens; token++)
        {
            double[] row = ReferenceOps.RmsNorm(
                [.. Input.Skip(token * InputStride).Take(_columns).Select(x => (double)x)], [.. gain.Select(g => (double)g)], Epsilon);
            row.Select(x => (float)x).ToArray().CopyTo(normed.AsSpan(token * InputStride));
        }

        return With(normed);
    }

    /// <summary>What <see cref="Check"/> expects behind the rows.</summary>
    public float[] WithPadding(float[] found)
    {
        float[] padded = [.. found];
        for (int i = 0; i < padded.Length; i++)
        {
            padded[i] = i % OutputStride < Band.Rows ? padded[i] : _before[i];
        }

        return padded;
    }

    /// <summary>The error, relative to the root of the summed squares of all terms, is within the bound.</summary>
    public void Check(float[] found, double bound, bool isResidual = false)
    {
        double error = 0;
        double size = 0;
        for (int token = 0; token < _tokens; token++)
        {
            for (int row = 0; row < OutputStride; row++)
            {
                int at = (token * OutputStride) + row;
                if (row >= Band.Rows)
                {
                    Assert.Equal(_before[at], found[at]);
                    continue;
                }

                var (product, squares) = Dot(row, token);
                double expected = product + (isResidual ? _before[at] : 0);
                error += Math.Pow(found[at] - expected, 2);
                size += squares + (isResidual ? Math.Pow(_before[at], 2) : 0);
            }
        }

        // A single sum may stray by several deviations.
        bound *= 1 + (4 / Math.Sqrt(_tokens * Band.Rows));
        Assert.True(
            Math.Sqrt(error) <= bound * Math.Sqrt(size),
            $"{Band.Format} {Band.Rows} × {_columns} × {_tokens}: error {Math.Sqrt(error / size):g3}, expected at most {bound:g3}");
    }

    public void CheckGated(float[] found, double bound)
    {
        int rows = Band.Rows / 2;
        double error = 0;
        double size = 0;
        for (int token = 0; token < _tokens; token++)
        {
            for (int row = 0; row < rows; row++)
            {
                double gate = Dot(row, token).Product;
                double expected = gate / (1 + Math.Exp(-gate)) * Dot(rows + row, token).Product;
                error += Math.Pow(found[(token * Padding.Pad(rows)) + row] - expected, 2);
                size += expected * expected;
            }
        }

        Assert.True(Math.Sqrt(error / size) <= bound, $"{Band.Format} {rows} × {_tokens}: error {Math.Sqrt(error / size):g3}, expected at most {bound}");
    }

    private (double Product, double Squares) Dot(int row, int token)
    {
        var terms = Enumerable.Range(0, _columns)
            .Select(column => (double)_weights[(row * _columns) + column] * Input[(token * InputStride) + column]).ToArray();
        return (terms.Sum(), terms.Sum(term => term * term));
    }

    private KernelSet Kernels(Pass pass) => KernelSet.Of(_device, PassState.Of(_device, pass.TokenCount, pass.DecodeCount));

    private Activation Activations() =>
        Family.Of(_device).Input(_device, "x", _tokens, _columns, _device.Upload([.. Input]), _ => { });

    // The bytes as they are uploaded; what they decode to is kept.
    private byte[] Weights(Random random, TensorFormat format)
    {
        if (format.IsQuantized())
        {
            byte[] blocks = RandomBlocks.Create(random, format, _weights.Length / format.BlockLength());
            format.Decode(blocks, _weights);
            return blocks;
        }

        var padded = new byte[Band.Bytes.Length];
        for (int row = 0; row < Band.Rows; row++)
        {
            for (int column = 0; column < _columns; column++)
            {
                float value = random.NextSingle() - 0.5f;
                int at = (row * Band.Stride) + column;
                ref float decoded = ref _weights[(row * _columns) + column];
                switch (format)
                {
                    case TensorFormat.Float32:
                        MemoryMarshal.Cast<byte, float>(padded.AsSpan())[at] = decoded = value;
                        break;
                    case TensorFormat.BFloat16:
                        decoded = BFloat16.Decode(MemoryMarshal.Cast<byte, ushort>(padded.AsSpan())[at] = BFloat16.Encode(value));
                        break;
                    default:
                        decoded = Float16.Decode(MemoryMarshal.Cast<byte, ushort>(padded.AsSpan())[at] = Float16.Encode(value));
                        break;
                }
            }
        }

        return padded;
    }

    // Room for what a norm makes, no numbers before it does.
    private Activation Activations(int count)
    {
        var nothing = new float[count * InputStride];
        Array.Fill(nothing, float.NaN);
        return new Activation("normed", count, _columns, _device.Upload(nothing), tensor: TensorInput.Allocate(_device, "normed", count, _columns, _ => { }));
    }

    private float[] PaddedRows(Random random, int columns)
    {
        int stride = Padding.Pad(columns);
        var rows = new float[_tokens * stride];
        for (int i = 0; i < rows.Length; i++)
        {
            rows[i] = i % stride < columns ? random.NextSingle() - 0.5f : 0;
        }

        return rows;
    }
}
