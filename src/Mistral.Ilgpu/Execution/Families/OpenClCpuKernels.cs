using ILGPU;
using Mistral.Ilgpu.Execution.Buffers;
using Mistral.Ilgpu.Execution.Devices;
using Mistral.Ilgpu.Execution.Passes;
using Mistral.Ilgpu.Planning;

namespace Mistral.Ilgpu.Execution.Families;

/// <summary>Forms whose items each do work that the compiler vectorizes.</summary>
internal sealed class OpenClCpuKernels(
    OpenClCpu family, ComputeDevice device, StepState state, ActivationType activations, IKernelBinder binder)
    : KernelSet(family, device, state, activations, binder)
{
    private protected override Launch Norm(
        Activation input, ArrayView<float> gain, Activation output, float epsilon, RowSet rows, OutputForms forms)
    {
        return !QuantizedActivations.Fit(input.Columns)
            ? Launcher(
                new RmsNormRow(State, input.View, gain, output.View, input.Columns, input.Stride, epsilon, rows.Range),
                pass => Family.Coarse(rows.Count(pass)))
            : forms.Int8 ? Lanes<AlsoInt8>() : Lanes<FloatsAlone>();

        Launch Lanes<TExtra>()
            where TExtra : struct, IRunResult => Launcher(
            new RmsNormLanes<TExtra>(
                State, input.View, gain, output.View, output.Quantized.GetValueOrDefault(),
                input.Columns, input.Stride, epsilon, rows.Range),
            pass => Family.Coarse(rows.Count(pass)));
    }

    private protected override Launch Quantize(Activation input, Int8Input quantized, RowSet rows) => Launcher(
        new QuantizeInputLanes(State, input.View, quantized, input.Stride, rows.Range),
        pass => Family.Elements((long)rows.Count(pass) * (input.Columns / BlockRun.Length)));

    internal override Launch Elements<TFormat, TElement, TResult>(
        WeightBand band, Activation input, Activation output, RowSet rows)
    {
        var (view, to) = (band.View<TElement>(), Below(output.View, band));
        return band.Layout == WeightLayout.Strips
            ? Launcher(
                new StripMatVec<TFormat, TElement, TResult>(
                    State, view, input.View, to, band.Rows, input.Stride, output.Stride, rows.Range),
                _ => Family.Coarse(Strip.Count(band.Rows)))
            : Launcher(
                new MatVecLanes<TFormat, TElement, TResult>(
                    State, view, input.View, to, band.Rows, input.Stride, output.Stride, rows.Range),
                _ => LaunchShape.Rows(band.Rows));
    }

    internal override Launch Blocks<TFormat, TResult>(
        string name, WeightBand band, Activation input, Activation output, RowSet rows)
    {
        var to = Below(output.View, band);
        return band.Layout == WeightLayout.Strips
            ? Launcher(
                new BlockStripMatVec<TFormat, TResult>(
                    State, band.Strips, Quantized(name, input), to, band.Rows, output.Stride, rows.Range),
                _ => Family.Coarse(Strip.Count(band.Rows)))
            : Activations == ActivationType.Int8
            ? Launcher(
                new BlockMatVecLanes<TFormat, TResult>(
                    State, band.Blocks, Quantized(name, input), to, band.Rows, output.Stride, rows.Range),
                _ => LaunchShape.Rows(band.Rows))
            : Launcher(
                new BlockMatVecRow<TFormat, FloatInput, TResult>(
                    State, band.Blocks, new FloatInput(input.View, input.Stride), to, band.Rows, output.Stride, rows.Range),
                _ => LaunchShape.Rows(band.Rows));
    }

    private protected override Launch Activate(Activation products, Activation output, RowSet rows, OutputForms forms = default)
    {
        return !QuantizedActivations.Fit(output.Columns) ? base.Activate(products, output, rows)
            : forms.Int8 ? Lanes<AlsoInt8>()
            : Lanes<FloatsAlone>();

        Launch Lanes<TExtra>()
            where TExtra : struct, IRunResult => Launcher(
            new SwiGluLanes<TExtra>(
                State, products.View, output.View, output.Quantized.GetValueOrDefault(),
                output.Columns, products.Stride, output.Stride, rows.Range),
            pass => Family.Elements((long)rows.Count(pass) * (output.Columns / BlockRun.Length)));
    }

    private protected override Launch AttendPrompts<TCache, TElement>(
        AttentionInput<TElement> input, KvLayer cache, Activation output, OutputForms forms) =>
        PromptRows<LaneTiles<TCache, TElement>, TElement>(input);

    private protected override Launch AttendDecoded<TCache, TElement>(
        AttentionInput<TElement> input, KvLayer cache, ArrayView<ulong> frequencies,
        ArrayView<float> parts, Activation output, OutputForms forms) =>
        DecodedRows<LaneTiles<TCache, TElement>, TCache, TElement>(input, cache, frequencies, parts);
}
