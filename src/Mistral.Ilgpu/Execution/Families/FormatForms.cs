using Mistral.Ilgpu.Execution.Buffers;
using Mistral.Ilgpu.Execution.Devices;
using Mistral.Ilgpu.Execution.Passes;
using Mistral.Ilgpu.Kernels;
using Mistral.Ilgpu.Planning;

namespace Mistral.Ilgpu.Execution.Families;

/// <summary>
/// The kernels that depend on a weight format. Maps a format as a value to its type in kernels. Forms that a family has only for
/// some formats are in its kernel set.
/// </summary>
internal abstract class FormatForms
{
    public static FormatForms Of(TensorFormat format) => format.Descriptor().Use(new ByKind());

    /// <summary>Looks up rows of a table.</summary>
    public abstract Launch Embed(KernelSet kernels, WeightBand table, Activation hidden);

    /// <summary>A product with a band.</summary>
    public abstract Launch Product<TResult>(
        KernelSet kernels, string name, WeightBand band, ProductInput input, Activation output)
        where TResult : struct, IResult, IEpilogue;

    /// <summary>Both products of a gated pair with the activation; null if they are separate steps.</summary>
    public abstract Launch? Gated(
        RowKernels kernels, WeightBand band, Activation input, Activation products, Activation output);

    /// <summary>A product in the forms of waves.</summary>
    public abstract Launch WaveProduct<TEpilogue>(
        WaveKernels kernels, WeightBand band, ProductInput input, Activation output, OutputForms forms)
        where TEpilogue : struct, IEpilogue;

    /// <summary>
    /// Packs the first rows of <paramref name="rows"/> to the rows of <paramref name="strips"/> from <paramref name="firstRow"/>
    /// on.
    /// </summary>
    public abstract void PackStrips(ComputeDevice device, WeightBand rows, int count, WeightBand strips, int firstRow);

    /// <summary>Fills rows of a band with the rows of a random tensor from <paramref name="tensorRow"/> on.</summary>
    public abstract void FillRandom(
        ComputeDevice device, RandomTensor tensor, int tensorRow, WeightBand band, int firstRow, int rows);

    private sealed class ByKind : IFormatUse<FormatForms>
    {
        FormatForms IFormatUse<FormatForms>.Elements<TFormat, TElement>() => new ElementForms<TFormat, TElement>();

        FormatForms IFormatUse<FormatForms>.Blocks<TFormat>() => new BlockForms<TFormat>();
    }
}
