using ILGPU;
using ILGPU.Runtime;
using Mistral.Ilgpu.Execution.Buffers;
using Mistral.Ilgpu.Planning;
using Xunit;

namespace Mistral.Ilgpu.Kernels.Tests.Products;

/// <summary>
/// The forms of products for NVIDIA's GPUs, by the PTX that such a device gets. Those of prompts run with warpgroups and without,
/// where it has them.
/// </summary>
public sealed class TensorProductTests
{
    private static readonly string[] PromptDevices = ["cuda", "cuda:mma"];

    private static readonly TensorFormat[] SomeFormats =
        [TensorFormat.BFloat16, TensorFormat.Float16, TensorFormat.Q8_0, TensorFormat.Q4_1, TensorFormat.Q5_0, TensorFormat.Q4_K, TensorFormat.Q6_K];

    public static TheoryData<string> Devices => [.. PromptDevices];

    public static TheoryData<string, TensorFormat> Elements => TestDevice.Rows(
        TestDevice.Waves, [TensorFormat.Float32, TensorFormat.BFloat16, TensorFormat.Float16], TestDevice.IsLong);

    public static TheoryData<string, TensorFormat> BlockFormats => TestDevice.Rows(
        TestDevice.Waves, Enum.GetValues<TensorFormat>().Where(format => format.IsQuantized()), TestDevice.IsLong);

    public static TheoryData<string, TensorFormat> Formats => TestDevice.Rows(TestDevice.Waves, SomeFormats, TestDevice.IsLong);

    public static TheoryData<string, TensorFormat> PromptFormats =>
        TestDevice.Rows(PromptDevices, SomeFormats, TestDevice.IsLong);

    public static TheoryData<string, TensorFormat> PromptElements =>
    [
        .. TestDevice.Rows(["cuda"], [TensorFormat.Float32, TensorFormat.BFloat16, TensorFormat.Float16], TestDevice.IsLong),
        .. TestDevice.Rows(["cuda:mma"], [TensorFormat.BFloat16, TensorFormat.Float16], TestDevice.IsLong),
    ];

    [Theory]
    [MemberData(nameof(Elements))]
    public void DecodedTokens_OfAnyShape_AreAsIfNotRounded(string name, TensorFormat format)
    {
        // Activations split in two numbers of 16 bits keep 16 or 22 of 24; tensor cores may cut off what they add.
        double bound = format == TensorFormat.BFloat16 ? 2e-5 : 3e-6;
        foreach (var (rows, columns, tokens) in new[] { (1, 16, 1), (37, 130, 3), (20, 300, 13), (33, 2200, 8), (5, 48, 17) })
        {
            var product = new Product(TestDevice.Get(name), format, rows, columns, tokens);
            product.Check(product.Run(new Pass(tokens, 0, 0)), bound);
            product.Check(product.Run(new Pass(tokens, 0, 0), addToResidual: true), bound, isResidual: true);
        }
    }

    [Theory]
    [MemberData(nameof(PromptElements))]
    public void PromptTokens_OfAnyShape_AreNearFloat64(string name, TensorFormat format)
    {
        // Activations take half a unit in the eighth bit or in the eleventh.
        double bound = format switch { TensorFormat.BFloat16 => 2.5e-3, TensorFormat.Float16 => 3e-4, _ => 3e-6 };
        // The last are more tiles than one each way, and more stages than there are places for.
        foreach (var (rows, columns, tokens) in new[] { (1, 16, 1), (140, 80, 130), (129, 300, 5), (130, 328, 259) })
        {
            var product = new Product(TestDevice.Get(name), format, rows, columns, tokens);
            product.Check(product.Run(new Pass(0, tokens, 0)), bound);
            product.Check(product.Run(new Pass(0, tokens, 0), addToResidual: true), bound, isResidual: true);
        }
    }

    [Theory]
    [MemberData(nameof(Formats))]
    public void GatedProduct_OfAnyShape_IsNearFloat64(string name, TensorFormat format)
    {
        foreach (var (rows, tokens) in new[] { (37, 1), (70, 3), (33, 12) })
        {
            var product = new Product(TestDevice.Get(name), format, 2 * rows, 512, tokens);
            // Eight bits round each activation by up to 1/254 of the largest of 32.
            product.CheckGated(product.RunGated(new Pass(tokens, 0, 0)), 2e-2);
        }
    }

    [Theory]
    [MemberData(nameof(PromptFormats))]
    public void PromptToken_InAnyPlaceOfATile_HasTheSameBits(string name, TensorFormat format)
    {
        const int Tokens = 258;
        var product = new Product(TestDevice.Get(name), format, 20, 512, Tokens);
        float[] token = product.Input[..(product.Input.Length / Tokens)];
        float[] found = product.With([.. Enumerable.Repeat(token, Tokens).SelectMany(same => same)]).Run(new Pass(0, Tokens, 0));
        float[] first = found[..20];
        Assert.All(found.Chunk(product.OutputStride), same => Assert.Equal(first, same[..20]));
        product.Of(0, 1).Check(found[..product.OutputStride], 2e-2);
    }

    [Theory]
    [MemberData(nameof(PromptFormats))]
    public void PromptTokens_BehindDecodedOnes_HaveTheSameBits(string name, TensorFormat format)
    {
        const int Decoded = 3;
        const int Tokens = 257;
        var product = new Product(TestDevice.Get(name), format, 20, 256, Decoded + Tokens);
        float[] together = product.Run(new Pass(Decoded, Tokens, 0));
        Assert.Equal(product.Of(Decoded, Tokens).Run(new Pass(0, Tokens, 0)), together[(Decoded * product.OutputStride)..]);
        Assert.Equal(product.Of(0, Decoded).Run(new Pass(Decoded, 0, 0)), together[..(Decoded * product.OutputStride)]);
    }

    [Theory]
    [MemberData(nameof(PromptFormats))]
    public void GatedPrompt_OfAnyShape_IsNearFloat64(string name, TensorFormat format)
    {
        foreach (var (rows, tokens) in new[] { (37, 1), (70, 3), (33, 12), (65, 258) })
        {
            var product = new Product(TestDevice.Get(name), format, 2 * rows, 512, tokens);
            product.CheckGated(product.RunGated(new Pass(0, tokens, 0)), format == TensorFormat.BFloat16 ? 1e-2 : 2e-3);
        }
    }

    [Theory]
    [MemberData(nameof(Formats))]
    public void Token_InAnyCompany_HasTheSameBits(string name, TensorFormat format)
    {
        const int Tokens = 13;
        var product = new Product(TestDevice.Get(name), format, 34, 1280, Tokens);
        float[] together = product.Run(new Pass(Tokens, 0, 0));
        foreach (int count in new[] { 1, 5, 9 })
        {
            float[] some = product.Of(Tokens - count, count).Run(new Pass(count, 0, 0));
            Assert.Equal(together[^some.Length..], some);
        }
    }

    // Where it lies in a tile, and behind how many other tokens.
    [Theory]
    [MemberData(nameof(PromptFormats))]
    public void PromptToken_InAnyCompany_HasTheSameBits(string name, TensorFormat format)
    {
        const int Tokens = 261;
        var product = new Product(TestDevice.Get(name), format, 34, 512, Tokens);
        float[] together = product.Run(new Pass(0, Tokens, 0));
        foreach (int count in new[] { 1, 5, 137 })
        {
            float[] some = product.Of(Tokens - count, count).Run(new Pass(0, count, 0));
            Assert.Equal(together[^some.Length..], some);
        }
    }

    [Theory]
    [MemberData(nameof(Formats))]
    public void GatedToken_InAnyCompany_HasTheSameBits(string name, TensorFormat format)
    {
        const int Tokens = 10;
        var product = new Product(TestDevice.Get(name), format, 34, 768, Tokens);
        float[] together = product.RunGated(new Pass(Tokens, 0, 0));
        foreach (int count in new[] { 1, 3 })
        {
            float[] some = product.Of(Tokens - count, count).RunGated(new Pass(count, 0, 0));
            Assert.Equal(together[^some.Length..], some);
        }
    }

    // In 70 rows are a whole group's, one of another's second tile and what is past the end. In 768 columns is an odd number of
    // stages.
    [Theory]
    [MemberData(nameof(BlockFormats))]
    public void TokensOfAnyBlocks_TogetherOrAlone_HaveTheSameBits(string name, TensorFormat format)
    {
        const int Tokens = 11;
        const int Columns = 768;
        var device = TestDevice.Get(name);
        var product = new Product(device, format, 70, Columns, Tokens);
        float[] eleven = product.Run(new Pass(Tokens, 0, 0), addToResidual: true);
        float[] six = product.Of(Tokens - 6, 6).Run(new Pass(6, 0, 0), addToResidual: true);
        Assert.Equal(product.Of(Tokens - 1, 1).Run(new Pass(1, 0, 0), addToResidual: true), six[^product.OutputStride..]);
        Assert.Equal(six, eleven[^six.Length..]);
        var gate = new Product(device, format, 2 * 35, Columns, Tokens);
        float[] gated = gate.RunGated(new Pass(Tokens, 0, 0));
        float[] alone = gate.Of(Tokens - 1, 1).RunGated(new Pass(1, 0, 0));
        Assert.Equal(alone, gate.Of(Tokens - 3, 3).RunGated(new Pass(3, 0, 0))[^alone.Length..]);
        Assert.Equal(alone, gated[^alone.Length..]);
    }

    [Theory]
    [MemberData(nameof(Devices))]
    public void BandsThatDiffer_InOneMatrix_AreEachMultiplied(string name)
    {
        var device = TestDevice.Get(name);
        foreach (var pass in new[] { new Pass(2, 0, 0), new Pass(0, 2, 0) })
        {
            var formats = new[] { TensorFormat.BFloat16, TensorFormat.Q8_0, TensorFormat.Q4_0, TensorFormat.Float32 };
            var products = formats.Select(format => new Product(device, format, 16, 64, 2)).ToArray();
            float[] found = products[0].Run(
                pass, bands: [.. products.Select((product, i) => product.Band with { FirstRow = 16 * i })]);
            for (int i = 0; i < formats.Length; i++)
            {
                float[] alone = products[0].With(products[i].Band).Run(pass);
                for (int token = 0; token < 2; token++)
                {
                    Assert.Equal(alone.AsSpan(token * 16, 16), found.AsSpan((token * 64) + (16 * i), 16));
                }
            }
        }
    }

    [Theory]
    [MemberData(nameof(Devices))]
    public void PackedQuants_OfAnyInput_AreThoseOfQuantizeInput(string name)
    {
        var device = TestDevice.Get(name);
        const int Tokens = 3;
        const int Columns = 96;
        var random = new Random(4);
        float[] x = [.. Enumerable.Range(0, Tokens * Columns).Select(i => i / 32 == 1 ? 0 : (random.NextSingle() - 0.5f) * MathF.Pow(10, random.Next(-3, 4)))];
        var state = PassState.Of(device, Tokens);
        var plain = QuantizedActivations.Allocate(device, Tokens, Columns, "test data", _ => { })!.Value;
        var packed = new PackedInput(device.Zeros<uint>(x.Length / 4), device.Zeros<Floats4>(x.Length / 32), Columns);
        device.Launch(new KernelConfig(1, 32), new QuantizeInput(state, device.Upload(x), plain, Columns, RowRange.Tokens));
        device.Launch(new KernelConfig(1, 128), new QuantizePacked(state, device.Upload(x), packed, Columns, RowRange.Tokens));
        Assert.Equal(device.Download(plain.Runs), device.Download(packed.Runs));
        Assert.Equal(device.Download(plain.Quads).Select(quad => (uint)quad), device.Download(packed.Values));
    }
}
