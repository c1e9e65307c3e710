using Mistral.Ilgpu.Execution.Buffers;
using Mistral.Ilgpu.Execution.Families;
using Mistral.Ilgpu.Planning;
using Xunit;

namespace Mistral.Ilgpu.Kernels.Tests.Products;

/// <summary>Products that make the norm of one decoded row themselves, by waves and by the PTX that an NVIDIA GPU gets.</summary>
public sealed class NormedProductTests
{
    public static TheoryData<string, TensorFormat> Formats =>
    [
        .. TensorProductTests.Formats,
        .. TestDevice.Rows(["cpu:waves", "opencl:wave32"], [TensorFormat.Float32], TestDevice.IsLong),
    ];

    [Theory]
    [MemberData(nameof(Formats))]
    public void OneToken_Normed_IsNearFloat64(string name, TensorFormat format)
    {
        foreach (var (rows, columns) in new[] { (37, 512), (16, 1280), (33, 6144) })
        {
            float[] gain = Gain(columns);
            var product = new Product(TestDevice.Get(name), format, rows, columns, 1);
            // Eight bits round each activation by up to 1/254 of the largest of 32.
            product.Normed(gain).Check(
                product.WithPadding(product.RunNormed(new Pass(1, 0, 0), gain)), format.IsQuantized() ? 1e-2 : 2e-5);
        }
    }

    [Theory]
    [MemberData(nameof(Formats))]
    public void Row_NormedByItsProductOrBeforeIt_HasTheSameBits(string name, TensorFormat format)
    {
        const int Tokens = 3;
        const int Columns = 1280;
        float[] gain = Gain(Columns);
        var product = new Product(TestDevice.Get(name), format, 35, Columns, Tokens);
        float[] together = product.RunNormed(new Pass(Tokens, 0, 0), gain);
        for (int token = 0; token < Tokens; token++)
        {
            float[] expected = Part(together, token, Tokens);
            Assert.Equal(expected, product.Of(token, 1).RunNormed(new Pass(1, 0, 0), gain));
            Assert.Equal(expected, product.RunNormed(new Pass(0, 0, 1), gain, RowSet.Logits, token));
        }

        // A token beside a prompt's.
        Assert.Equal(Part(together, 0, Tokens), Part(product.RunNormed(new Pass(1, 2, 0), gain), 0, Tokens));
    }

    [Theory]
    [MemberData(nameof(Formats))]
    public void FeedForward_OfOneTokenOrSeveral_HasTheSameBits(string name, TensorFormat format)
    {
        const int Tokens = 2;
        const int Columns = 512;
        var device = TestDevice.Get(name);
        float[] gain = Gain(Columns);
        // A run of eight bits, and not: then the output is in floats alone, and so are the weights that take it.
        foreach (int rows in new[] { 256, 41 })
        {
            var down = new Product(device, rows % 256 == 0 ? format : TensorFormat.BFloat16, 19, rows, 1).Band;
            var product = new Product(device, format, 2 * rows, Columns, Tokens);
            var (gated, packed, output) = product.RunFeedForward(new Pass(Tokens, 0, 0), gain, down);
            product.Normed(gain).CheckGated(gated, 2e-2);
            for (int token = 0; token < Tokens; token++)
            {
                var alone = product.Of(token, 1).RunFeedForward(new Pass(1, 0, 0), gain, down);
                Assert.Equal(Part(gated, token, Tokens), alone.Gated);
                Assert.Equal(Part(packed, token, Tokens), alone.Packed);
                Assert.Equal(Part(output, token, Tokens), alone.Down);
            }
        }
    }

    [Theory]
    [MemberData(nameof(Formats))]
    public void NormStep_OfOneDecodedRow_IsNotInThePass(string name, TensorFormat format)
    {
        var device = TestDevice.Get(name);
        var fused = Bound(format);
        string[] both = ["norm", "product"];
        Assert.Equal(["product"], fused.StepsOf(new Pass(1, 0, 1)));
        Assert.Equal(both, fused.StepsOf(new Pass(2, 0, 2)));
        Assert.Equal(both, fused.StepsOf(new Pass(0, 1, 1)));
        Assert.Equal(both, fused.StepsOf(new Pass(1, 1, 1)));
        // Of CUDA's forms none of 32-bit floats makes its norm.
        Assert.Equal(name == "cuda" ? both : ["product"], Bound(format, TensorFormat.Float32).StepsOf(new Pass(1, 0, 1)));

        PlannedRun Bound(params TensorFormat[] formats)
        {
            var run = new PlannedRun(Gain(512), device);
            Activation Room(
                string of, int columns) =>
                new(of, 1, columns, device.Zeros<float>(columns), tensor: TensorInput.Allocate(device, of, 1, columns, _ => { }));
            var normed = run.Add(Room("normed", 512), RowSet.Tokens);
            return run.Bind(
                KernelSet.Of(device, PassState.Of(device, 1, 1)),
                new Norm("norm", run.Add(Room("x", 512), RowSet.Tokens), run.Gain, normed, 1e-5f),
                new Planning.Product(
                    "product", normed, run.Add([.. formats.Select(type => new Product(device, type, 16, 512, 1).Band)]),
                    run.Add(Room("y", 16 * formats.Length), RowSet.Tokens)));
        }
    }

    private static float[] Gain(int columns)
    {
        var random = new Random(columns);
        return [.. Enumerable.Range(0, columns).Select(_ => 0.5f + random.NextSingle())];
    }

    private static T[] Part<T>(T[] all, int token, int tokens) =>
        all[(token * (all.Length / tokens))..((token + 1) * (all.Length / tokens))];
}
