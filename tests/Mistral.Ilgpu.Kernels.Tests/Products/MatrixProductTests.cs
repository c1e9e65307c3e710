using ILGPU;
using ILGPU.Runtime;
using Mistral.Ilgpu.Execution.Buffers;
using Mistral.Ilgpu.Execution.Devices;
using Mistral.Ilgpu.Kernels.Hardware.Amd;
using Mistral.Ilgpu.Kernels.Hardware.Waves;
using Mistral.Ilgpu.Kernels.Products.Matrix;
using Mistral.Ilgpu.Planning;
using Xunit;

namespace Mistral.Ilgpu.Kernels.Tests.Products;

/// <summary>
/// Products of prompts on matrix cores. On OpenCL AMD's instructions are emulated as its manuals say which lane has what. On the
/// CPU accelerator the C# bodies run, in groups of 256. The tensor cores of sm_75 are those of the PTX machine.
/// </summary>
public sealed class MatrixProductTests
{
    private const string Turing = "cuda:sm_75";

    private static readonly string[] Devices = ["amd:wmma", "amd:wmma12", "amd:mfma", "amd:lanes", Turing];

    private static readonly TensorFormat[] SomeFormats = [TensorFormat.BFloat16, TensorFormat.Float16, TensorFormat.Q4_K, TensorFormat.Q5_0];

    // PoCL compiles a form of matrix cores for seconds.
    public static TheoryData<string, TensorFormat> Formats => TestDevice.Rows(
        Devices, SomeFormats, (name, format) => (name, format) is not
            (("amd:wmma", TensorFormat.BFloat16) or ("amd:mfma", TensorFormat.Q4_K) or (Turing, TensorFormat.Q4_K)));

    public static TheoryData<string, TensorFormat> AllLong => TestDevice.Rows(Devices, SomeFormats, (_, _) => true);

    [Theory]
    [MemberData(nameof(Formats))]
    public void PromptTokens_OfAnyShape_AreNearFloat64(string name, TensorFormat format)
    {
        var device = TestDevice.Get(name);
        // The second has two tiles each way, and the last more. 16, 80 and 300 columns end within a stage.
        foreach (var (rows, columns, tokens) in new[] { (1, 16, 1), (140, 80, 130), (129, 300, 5), (130, 328, 259) }
            .Take(TestDevice.IsInterpreted(device) ? 2 : 4))
        {
            var product = new Product(device, format, rows, Whole(format, columns), tokens);
            product.Check(product.Run(new Pass(0, tokens, 0)), Bound(format));
        }
    }

    [Theory]
    [MemberData(nameof(AllLong))]
    public void PromptTokens_AddedOrGated_AreNearFloat64(string name, TensorFormat format)
    {
        foreach (var (rows, tokens) in new[] { (37, 1), (70, 3), (65, 258) })
        {
            var product = new Product(TestDevice.Get(name), format, 2 * rows, 256, tokens);
            product.Check(product.Run(new Pass(0, tokens, 0), addToResidual: true), Bound(format), isResidual: true);
            product.CheckGated(product.RunGated(new Pass(0, tokens, 0)), format == TensorFormat.BFloat16 ? 1e-2 : 2e-3);
        }
    }

    // Wherever it lies in a tile, and behind however many others, decoded ones among them.
    [Theory]
    [MemberData(nameof(Formats))]
    public void PromptToken_InAnyCompany_HasTheSameBits(string name, TensorFormat format)
    {
        const int Tokens = 133;
        const int Decoded = 3;
        var product = new Product(TestDevice.Get(name), format, 34, 256, Tokens);
        float[] together = product.Run(new Pass(0, Tokens, 0));
        foreach (int count in new[] { 1, 5, 130 })
        {
            float[] some = product.Of(Tokens - count, count).Run(new Pass(0, count, 0));
            Assert.Equal(together[^some.Length..], some);
        }

        float[] behind = product.Run(new Pass(Decoded, Tokens - Decoded, 0));
        Assert.Equal(together[(Decoded * product.OutputStride)..], behind[(Decoded * product.OutputStride)..]);
    }

    [Fact]
    public void CSharpBodies_OfMatrixCores_MultiplyAsTheInstructionsDo()
    {
        CheckBody<Wmma<BFloat16Pairs>>(TensorFormat.BFloat16);
        CheckBody<Wmma12<BFloat16Pairs>>(TensorFormat.BFloat16);
        CheckBody<Mfma<BFloat16Pairs>>(TensorFormat.BFloat16);
        CheckBody<LaneProducts<Float16Pairs>>(TensorFormat.Float16);
    }

    [Fact]
    public void CSharpBodies_OfMatrixCores_GateTheRowsOfAPair()
    {
        CheckGatedBody<Wmma<Float16Pairs>>();
        CheckGatedBody<Wmma12<Float16Pairs>>();
        CheckGatedBody<Mfma<Float16Pairs>>();
        CheckGatedBody<LaneProducts<Float16Pairs>>();
    }

    // Rows and tokens of two tiles each, and columns that end within a stage.
    private static void CheckBody<TCore>(TensorFormat format)
        where TCore : struct, IMatrixCore
    {
        var product = new Product(TestDevice.Get("cpu:256"), format, 130, 48, 131);
        var weights = new ElementWaveTiles(product.Band.View<ushort>(), product.Band.Stride);
        product.Check(product.WithPadding(Run<TCore, ElementWaveTiles, Assign>(product, weights, format, 131, 130)), Bound(format));
    }

    // 33 pairs of rows are more than a wave's part has.
    private static void CheckGatedBody<TCore>()
        where TCore : struct, IMatrixCore
    {
        var product = new Product(TestDevice.Get("cpu:256"), TensorFormat.Q4_K, 2 * 33, 256, 3);
        product.CheckGated(
            Run<TCore, BlockWaveTiles<Q4_K>, GateWithSilu>(
                product, new BlockWaveTiles<Q4_K>(product.Band.Blocks), TensorFormat.Float16, 3, 33),
            2e-3);
    }

    private static float[] Run<TCore, TWeights, TEpilogue>(
        Product product, TWeights weights, TensorFormat format, int tokens, int rows)
        where TCore : struct, IMatrixCore
        where TWeights : struct, IWaveTiles
        where TEpilogue : struct, IEpilogue
    {
        var device = TestDevice.Get("cpu:256");
        int stride = Padding.Pad(rows);
        var output = device.Zeros<float>(tokens * stride);
        device.Launch(
            new KernelConfig(
                new Index3D((tokens + MatrixTile.Rows - 1) / MatrixTile.Rows, (rows + 63) / 64, 1), new Index3D(MatrixTile.GroupSize, 1, 1)),
            new MatMulWave<TCore, TWeights, TEpilogue>(
                PassState.Of(device, tokens), weights, device.Upload(Rounded(product.Input, format)), output, rows,
                product.Input.Length / tokens, stride, RowRange.Tokens));
        return device.Download(output);
    }

    private static ushort[] Rounded(float[] numbers, TensorFormat format) =>
        [.. numbers.Select(number => format == TensorFormat.BFloat16 ? BFloat16.Encode(number) : Float16.Encode(number))];

    // Activations take half a unit in the eighth bit or in the eleventh, and so do weights in blocks.
    private static double Bound(TensorFormat format) => format == TensorFormat.BFloat16 ? 2.5e-3 : 4e-4;

    private static int Whole(TensorFormat format, int columns)
    {
        int block = format.IsQuantized() ? format.BlockLength() : 1;
        return (columns + block - 1) / block * block;
    }
}
