using Mistral.Ilgpu.Execution.Buffers;
using Mistral.Ilgpu.Execution.Passes;
using Mistral.Ilgpu.Planning;

namespace Mistral.Ilgpu.Execution.Families;

/// <summary>The part of products that all devices share.</summary>
internal abstract partial class KernelSet
{
    /// <summary>The cost of adapters. Their inner activations are negligible.</summary>
    internal static StepCost UpdateCost(WeightMatrix weights, long rows) => weights.Updates
        .SelectMany(update => update.Down.Bands.Append(update.Up))
        .Select(band => new StepCost(band.SizeInBytes, 2 * rows * band.Rows * band.Columns))
        .Aggregate(default(StepCost), (all, one) => all + one);

    /// <summary>A product with each band, then the terms of adapters.</summary>
    private protected Launch Products(
        string name, WeightMatrix weights, ProductInput input, Activation output, bool addToResidual)
    {
        var product = Prepare(weights, input);
        WeightBand? before = null;
        foreach (var band in weights.Bands)
        {
            product += Prepare(band, before, input);
            before = band;
            product += addToResidual
                ? Product<AddToResidual>(name, band, input, output)
                : Product<Assign>(name, band, input, output);
        }

        foreach (var update in weights.Updates)
        {
            product += Update(name, update, input.Values, output, input.Rows);
        }

        return product!;
    }

    /// <summary>Converts the input to eight bits; null if it is already converted or no weights need it.</summary>
    private protected virtual Launch? Prepare(WeightMatrix weights, ProductInput input) =>
        !input.IsInt8Ready && Activations == ActivationType.Int8 && input.Values.Quantized is { } quantized
            && weights.Bands.Any(band => band.Format.IsQuantized())
            ? Quantize(input.Values, quantized, input.Rows)
            : null;

    private protected virtual Launch Quantize(Activation input, Int8Input quantized, RowSet rows) => Launcher(
        new QuantizeInput(State, input.View, quantized, input.Stride, rows.Range),
        pass => Family.Elements((long)rows.Count(pass) * (input.Columns / BlockRun.Length)));

    /// <summary>
    /// Converts the input to other forms that a band needs, unless the previous band has done so; null if there are none.
    /// </summary>
    private protected virtual Launch? Prepare(WeightBand band, WeightBand? before, ProductInput input) => null;

    private protected virtual Launch Product<TResult>(string name, WeightBand band, ProductInput input, Activation output)
        where TResult : struct, IResult, IEpilogue =>
        FormatForms.Of(band.Format).Product<TResult>(this, name, band, input, output);

    internal abstract Launch Elements<TFormat, TElement, TResult>(
        WeightBand band, Activation input, Activation output, RowSet rows)
        where TFormat : struct, IWeightFormat<TElement>
        where TElement : unmanaged
        where TResult : struct, IResult, IEpilogue;

    /// <param name="name">The step's name, for messages.</param>
    internal abstract Launch Blocks<TFormat, TResult>(
        string name, WeightBand band, Activation input, Activation output, RowSet rows)
        where TFormat : struct, IStripFormat
        where TResult : struct, IResult, IEpilogue;

    private protected virtual Launch Gate(
        string name, WeightMatrix gateUp, ProductInput input, Activation products, Activation output, OutputForms forms) =>
        Products(name, gateUp, input, products, addToResidual: false) + Activate(products, output, RowSet.Tokens, forms);

    /// <summary>output = silu(gate) × up, given both products.</summary>
    private protected virtual Launch Activate(
        Activation products, Activation output, RowSet rows, OutputForms forms = default) => Launcher(
        new SwiGlu(State, products.View, output.View, output.Columns, products.Stride, output.Stride, rows.Range),
        pass => Family.Elements((long)rows.Count(pass) * output.Columns));

    // A band's first row of weights computes column FirstRow of the output.
    private protected static ILGPU.ArrayView<float> Below(ILGPU.ArrayView<float> output, WeightBand band) =>
        output.SubView(band.FirstRow, output.Length - band.FirstRow);

    private protected static Int8Input Quantized(string name, Activation input) =>
        input.Quantized ?? throw new ArgumentException($"step {name}: expected an eight-bit buffer for {input.Name}");

    // Not chained, because chains would have to be compiled for each rank.
    private Launch Update(string name, LowRankUpdate update, Activation input, Activation output, RowSet rows)
    {
        var both = Product<Assign>(name, update.Down.Bands[0], new ProductInput(input, rows), update.Inner)
            + Product<AddToResidual>(name, update.Up, new ProductInput(update.Inner, rows), output);
        return new Launch(both.Run);
    }
}
