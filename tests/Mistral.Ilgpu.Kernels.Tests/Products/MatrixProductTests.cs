using Mistral.Ilgpu.Execution.Buffers;
using Mistral.Ilgpu.Planning;
using Xunit;

namespace Mistral.Ilgpu.Kernels.Tests.Products;

/// <summary>
/// Products of prompts on AMD's matrix cores, whose instructions are emulated as AMD's manuals say which lane has what.
/// </summary>
public sealed class MatrixProductTests
{
    private static readonly string[] Devices = ["amd:wmma", "amd:wmma12", "amd:mfma", "amd:lanes"];

    public static TheoryData<string, TensorFormat> Formats =>
        TestDevice.Rows(Devices, [TensorFormat.BFloat16, TensorFormat.Float16, TensorFormat.Q4_K, TensorFormat.Q5_0]);

    [Theory]
    [MemberData(nameof(Formats))]
    public void PromptTokens_OfAnyShape_AreNearFloat64(string name, TensorFormat format)
    {
        // Activations take half a unit in the eighth bit or in the eleventh, weights in blocks in the eleventh.
        double bound = format == TensorFormat.BFloat16 ? 2.5e-3 : 4e-4;
        int block = format.IsQuantized() ? format.BlockLength() : 0;
        // The last are more tiles than one each way. 16, 80 and 304 columns end within a stage.
        foreach (var (rows, columns, tokens) in new[] { (1, 16, 1), (140, 80, 130), (129, 300, 5), (130, 328, 259) })
        {
            var product = new Product(TestDevice.Get(name), format, rows, block == 0 ? columns : (columns + block - 1) / block * block, tokens);
            product.Check(product.Run(new Pass(0, tokens, 0)), bound);
            product.Check(product.Run(new Pass(0, tokens, 0), addToResidual: true), bound, isResidual: true);
        }
    }
}
