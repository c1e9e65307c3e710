using Mistral.Ilgpu.Execution.Compilation;
using Mistral.Ilgpu.Execution.Devices;
using Mistral.Ilgpu.Execution.Families;
using Mistral.Ilgpu.Planning;
using Xunit;

namespace Mistral.Ilgpu.Kernels.Tests.Products;

/// <summary>
/// Prompts in the tiles of GPUs without matrix cores, against float64: on the CPU accelerator, in OpenCL with emulated waves, and
/// on the PTX machine as an sm_70. <c>gpu</c> is OpenCL in the forms of a GPU without waves.
/// </summary>
public sealed class PromptTileTests
{
    // See BlockProductTests.
    private const double Int8Error = 6e-3;
    private const double FloatError = 2e-6;

    private static readonly string[] Devices = ["cpu:256", "opencl", "gpu", "cuda:1"];

    public static TheoryData<string, TensorFormat> Blocks => Cases(format => format.IsQuantized());

    public static TheoryData<string, TensorFormat> Elements =>
        Cases(format => format is TensorFormat.Float32 or TensorFormat.BFloat16 or TensorFormat.Float16);

    [Theory]
    [MemberData(nameof(Blocks))]
    public void Blocks_OfAnyShape_AreNearFloat64(string name, TensorFormat format)
    {
        using var device = Open(name);
        // A single run, and less than two, in formats whose rows may be that short.
        (int, int, int)[] odd = format.BlockLength() == 32 ? [(5, 32, 1), (131, 96, 66)] : [];
        foreach (var (rows, columns, tokens) in new[] { (37, 256, 3), (130, 512, 67) }.Concat(odd))
        {
            Check(device, format, rows, columns, tokens, Int8Error, isResidual: rows % 2 == 0);
        }

        CheckGated(device, format, 142, 256, 66);
    }

    [Theory]
    [MemberData(nameof(Elements))]
    public void Elements_OfAnyShape_AreNearFloat64(string name, TensorFormat format)
    {
        using var device = Open(name);
        // Columns are padded to sixteen, and a tile takes 32.
        foreach (var (rows, columns, tokens) in new[] { (1, 1, 1), (37, 40, 3), (130, 100, 67) })
        {
            Check(device, format, rows, columns, tokens, FloatError, isResidual: rows % 2 == 0);
        }

        CheckGated(device, format, 142, 48, 66);
    }

    // A text's chunks, and rows that are scored, need not have the same neighbours.
    [Theory]
    [MemberData(nameof(Names))]
    public void Token_WhateverElseIsInItsTile_HasTheSameBits(string name)
    {
        const int Columns = 256;
        const int Tokens = 72;
        using var device = Open(name);
        foreach (var format in new[] { TensorFormat.Q4_K, TensorFormat.BFloat16 })
        {
            var product = new Product(device, format, 21, Columns, Tokens);
            float[] all = product.Run(new Pass(0, Tokens, 0));
            foreach (var (first, some) in new[] { (0, 1), (5, 2), (60, 10) })
            {
                int count = some;
                Assert.Equal(
                    all[(first * product.OutputStride)..((first + count) * product.OutputStride)],
                    product.Of(first, count).Run(new Pass(0, count, 0)));
            }
        }
    }

    // Decoded tokens come first, and keep their own form.
    [Theory]
    [MemberData(nameof(Names))]
    public void Prompt_BehindDecodedTokens_IsMultipliedApart(string name)
    {
        using var device = Open(name);
        var product = new Product(device, TensorFormat.Q8_0, 20, 256, 12);
        float[] found = product.Run(new Pass(4, 8, 0));
        product.Check(found, Int8Error);
        Assert.Equal(found[(4 * product.OutputStride)..], product.Of(4, 8).Run(new Pass(0, 8, 0)));
        Assert.Equal(found[..(4 * product.OutputStride)], product.Of(0, 4).Run(new Pass(4, 0, 0)));
    }

    public static TheoryData<string> Names =>
    [
        .. from name in Devices
           let row = Marked(new TheoryDataRow<string>(name), name)
           select name is "cpu:256" or "cuda:1" ? Needs.ByHand(row) : row,
    ];

    // Each format takes the machine seconds to compile and run: the plain command has one of each kind.
    private static TheoryData<string, TensorFormat> Cases(Func<TensorFormat, bool> isWanted) =>
    [
        .. from device in Devices
           from format in Enum.GetValues<TensorFormat>().Where(isWanted)
           let row = Marked(new TheoryDataRow<string, TensorFormat>(device, format), device)
           select (format, device) switch
           {
               (TensorFormat.Q4_K, not ("cpu:256" or "cuda:1")) or (TensorFormat.BFloat16, _) => row,
               _ => Needs.ByHand(row),
           },
    ];

    private static TRow Marked<TRow>(TRow row, string device)
        where TRow : TheoryDataRowBase => device is "opencl" or "gpu" ? row.WithTrait(Needs.Trait, Needs.OpenCl) : row;

    private static ComputeDevice Open(string name)
    {
        var device = name switch
        {
            "cpu:256" => ComputeDevice.Open(
                "cpu", new DeviceOptions { Threads = GroupReduce.MaxGroupSize, Family = KernelFamily.OpenClGpu }),
            "opencl" => TestDevice.OpenAs(KernelFamily.OpenClGpu, WaveFeatures.Emulated32),
            "gpu" => TestDevice.OpenAs(KernelFamily.Gpu),
            _ => TestDevice.OpenCounted(name),
        };
        Assert.Equal(
            name == "cuda:1" ? typeof(CudaWaves) : name == "gpu" ? typeof(Gpu) : typeof(OpenClGpu), Family.Of(device).GetType());
        return device;
    }

    private static void Check(
        ComputeDevice device, TensorFormat format, int rows, int columns, int tokens, double bound, bool isResidual)
    {
        var product = new Product(device, format, rows, columns, tokens);
        product.Check(product.Run(new Pass(0, tokens, 0), isResidual), bound, isResidual);
    }

    private static void CheckGated(ComputeDevice device, TensorFormat format, int rows, int columns, int tokens)
    {
        var product = new Product(device, format, rows, columns, tokens);
        product.CheckGated(product.RunGated(new Pass(0, tokens, 0)), format.IsQuantized() ? 2e-2 : 1e-5);
    }
}
