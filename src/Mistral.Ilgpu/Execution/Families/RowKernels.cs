using Mistral.Ilgpu.Execution.Buffers;
using Mistral.Ilgpu.Execution.Devices;
using Mistral.Ilgpu.Execution.Passes;
using Mistral.Ilgpu.Planning;

namespace Mistral.Ilgpu.Execution.Families;

/// <summary>
/// Kernels over matrices in the layout of rows. A gated product of floating-point weights has forms of its own.
/// </summary>
internal abstract class RowKernels(
    Family family, ComputeDevice device, StepState state, ActivationType activations, IKernelBinder binder)
    : KernelSet(family, device, state, activations, binder)
{
    private protected override Launch Gate(
        string name, WeightMatrix gateUp, ProductInput input, Activation products, Activation output, OutputForms forms) =>
        (gateUp is { Bands: [var band], Updates: [] }
            ? FormatForms.Of(band.Format).Gated(this, band, input.Values, products, output)
            : null)
        ?? base.Gate(name, gateUp, input, products, output, forms);

    internal abstract Launch GatedElements<TFormat, TElement>(
        WeightBand band, Activation input, Activation products, Activation output)
        where TFormat : struct, IWeightFormat<TElement>
        where TElement : unmanaged;
}
