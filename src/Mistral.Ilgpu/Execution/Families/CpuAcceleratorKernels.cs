using ILGPU;
using Mistral.Ilgpu.Execution.Buffers;
using Mistral.Ilgpu.Execution.Devices;
using Mistral.Ilgpu.Execution.Passes;
using Mistral.Ilgpu.Planning;

namespace Mistral.Ilgpu.Execution.Families;

/// <summary>Forms that use .NET's vectors.</summary>
internal sealed class CpuAcceleratorKernels(
    CpuAccelerator family, ComputeDevice device, StepState state, ActivationType activations, IKernelBinder binder)
    : RowKernels(family, device, state, activations, binder)
{
    private protected override Launch Norm(
        Activation input, ArrayView<float> gain, Activation output, float epsilon, RowSet rows, OutputForms forms) => Launcher(
        new RmsNormVectors(State, input.View, gain, output.View, input.Columns, input.Stride, epsilon, rows.Range),
        pass => Family.Coarse(rows.Count(pass)));

    private protected override Launch Quantize(Activation input, Int8Input quantized, RowSet rows) => Launcher(
        new QuantizeInputVectors(State, input.View, VectorInput.In(quantized), input.Stride, rows.Range),
        pass => Family.Coarse((long)rows.Count(pass) * (input.Columns / BlockRun.Length)));

    internal override Launch Elements<TFormat, TElement, TResult>(
        WeightBand band, Activation input, Activation output, RowSet rows) => Launcher(
        new MatVecVectors<TFormat, TElement, TResult>(
            State, band.View<TElement>(), input.View, Below(output.View, band),
            band.Rows, input.Stride, output.Stride, rows.Range),
        _ => Family.Coarse(band.Rows));

    internal override Launch Blocks<TFormat, TResult>(
        string name, WeightBand band, Activation input, Activation output, RowSet rows)
    {
        var to = Below(output.View, band);
        return band.Layout == WeightLayout.Strips
            ? Launcher(
                new BlockStripVectors<TFormat, TResult>(
                    State, band.Strips, VectorInput.In(Quantized(name, input)), to, band.Rows, output.Stride, rows.Range),
                _ => Family.Coarse(Strip.Count(band.Rows)))
            : Activations == ActivationType.Int8 ? Rows(Quantized(name, input))
            : Rows(new FloatInput(input.View, input.Stride));

        Launch Rows<TInput>(TInput from)
            where TInput : struct, IBlockInput => Launcher(
            new BlockMatVecRow<TFormat, TInput, TResult>(State, band.Blocks, from, to, band.Rows, output.Stride, rows.Range),
            _ => Family.Coarse(band.Rows));
    }

    internal override Launch GatedElements<TFormat, TElement>(
        WeightBand band, Activation input, Activation products, Activation output) => Launcher(
        new GatedMatVecVectors<TFormat, TElement>(
            State, band.View<TElement>(), input.View, output.View, output.Columns, input.Stride, output.Stride, RowRange.Tokens),
        _ => Family.Coarse(output.Columns));

    private protected override Launch Activate(Activation products, Activation output, RowSet rows, OutputForms forms) =>
        output.Columns % Padding.Columns != 0
        ? base.Activate(products, output, rows, forms)
        : Launcher(
            new SwiGluVectors(State, products.View, output.View, output.Columns, products.Stride, output.Stride, rows.Range),
            pass => Family.Elements((long)rows.Count(pass) * output.Columns));

    private protected override Launch Rope<TCache, TElement>(
        AttentionInput<TElement> input, ArrayView<ulong> frequencies, RowSet rows) => Launcher(
        new RopeVectors<TCache, TElement>(input, frequencies, rows.Range),
        pass => Family.Coarse((long)rows.Count(pass) * input.KvHeads));

    private protected override Launch Store<TCache, TElement>(AttentionInput<TElement> input, int ring) => Launcher(
        new StoreKvVectors<TCache, TElement>(input, ring), pass => Family.Coarse((long)pass.FreshTiles * input.KvHeads));

    private protected override Launch AttendPrompts<TCache, TElement>(
        AttentionInput<TElement> input, KvLayer cache, Activation output, OutputForms forms) =>
        PromptRows<VectorTiles<TCache, TElement>, TElement>(input);

    private protected override Launch AttendDecoded<TCache, TElement>(
        AttentionInput<TElement> input, KvLayer cache, ArrayView<ulong> frequencies,
        ArrayView<float> parts, Activation output, OutputForms forms) =>
        DecodedRows<VectorTiles<TCache, TElement>, TCache, TElement>(input, cache, frequencies, parts);

    private protected override Launch Merge<TElement>(AttentionInput<TElement> input, ArrayView<float> parts) => Launcher(
        new MergeSplitsVectors(
            State, parts, input.Output, input.Heads, input.HeadDim, input.Window, input.OutputStride, input.SplitTiles),
        pass => Family.Coarse((long)pass.DecodeCount * input.Heads));
}
