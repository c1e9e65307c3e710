using ILGPU;
using Mistral.Ilgpu.Execution.Buffers;
using Mistral.Ilgpu.Execution.Devices;
using Mistral.Ilgpu.Execution.Passes;
using Mistral.Ilgpu.Planning;

namespace Mistral.Ilgpu.Execution.Families;

/// <summary>
/// The kernels of a plan's operations on one device. Each method checks shapes and returns a launch of the forms that the
/// device's family has. Derived classes choose the forms.
/// </summary>
internal abstract partial class KernelSet
{
    private readonly IKernelBinder _binder;

    private protected KernelSet(
        Family family, ComputeDevice device, StepState state, ActivationType activations, IKernelBinder binder) =>
        (Family, Device, State, Activations, _binder) = (family, device, state, activations, binder);

    public Family Family { get; }

    public ComputeDevice Device { get; }

    /// <summary>The form of activations in products with quantized weights.</summary>
    public ActivationType Activations { get; }

    /// <summary>The values that change from pass to pass.</summary>
    public StepState State { get; }

    /// <summary>The kernels of a device's family.</summary>
    public static KernelSet Of(ComputeDevice device, StepState state, ActivationType activations = ActivationType.Int8) =>
        Of(device, state, activations, launches: null);

    /// <param name="launches">Owns the launches; null for the device.</param>
    internal static KernelSet Of(ComputeDevice device, StepState state, ActivationType activations, BoundLaunches? launches)
    {
        Family.Of(device).Measure(device);
        return Of(device, state, activations, new DeviceBinder(device, launches));
    }

    internal static KernelSet Of(ComputeDevice device, StepState state, ActivationType activations, IKernelBinder binder) =>
        Family.Of(device).Kernels(device, state, activations, binder);

    /// <summary>See <see cref="Planning.Embed"/>.</summary>
    public Launch Embed(string name, WeightMatrix table, Activation hidden)
    {
        Require(table.Columns == hidden.Columns, name, $"a table of {hidden.Columns} columns", $"{table.Columns}");
        Require(table.Bands.Count == 1, name, "a table in one format", $"{table.Bands.Count}");
        return FormatForms.Of(table.Bands[0].Format).Embed(this, table.Bands[0], hidden);
    }

    /// <summary>See <see cref="Planning.Norm"/>.</summary>
    /// <param name="forms">See <see cref="Operation.Forms"/>.</param>
    public Launch RmsNorm(
        string name, Activation input, ArrayView<float> gain,
        Activation output, float epsilon, RowSet rows, OutputForms forms = default)
    {
        int columns = input.Columns;
        Require(
            gain.Length == columns && output.Columns == columns,
            name,
            $"{columns} columns throughout",
            $"{gain.Length} gains, {output.Columns} outputs");
        return Norm(input, gain, output, epsilon, rows, forms);
    }

    /// <summary>See <see cref="Planning.Product"/>. Adds the terms of adapters.</summary>
    public Launch MatMul(string name, WeightMatrix weights, ProductInput input, Activation output, bool addToResidual = false)
    {
        Require(
            weights.Columns == input.Values.Columns, name, $"weights of {input.Values.Columns} columns", $"{weights.Columns}");
        Require(weights.Rows == output.Columns, name, $"weights of {output.Columns} rows", $"{weights.Rows}");
        return Products(name, weights, input, output, addToResidual);
    }

    /// <summary>See <see cref="GatedProduct"/>. Adapters change both products.</summary>
    /// <param name="products">A buffer for both products of a chunk.</param>
    /// <param name="forms">See <see cref="Operation.Forms"/>.</param>
    public Launch SwiGlu(
        string name, WeightMatrix gateUp, ProductInput input, Activation products, Activation output, OutputForms forms = default)
    {
        Require(gateUp.Columns == input.Values.Columns, name, $"weights of {input.Values.Columns} columns", $"{gateUp.Columns}");
        Require(
            gateUp.Rows == 2 * output.Columns && products.Columns == gateUp.Rows, name,
            $"{2 * output.Columns} gates and ups", $"{gateUp.Rows} rows, room for {products.Columns}");
        return Gate(name, gateUp, input, products, output, forms);
    }

    /// <summary>
    /// See <see cref="Planning.Attend"/>. Decoded tokens have forms of their own, so that the sums of a prompt's tokens do not
    /// depend
    /// on them, nor theirs on the prompt.
    /// </summary>
    /// <param name="qkv">Queries, keys and values of the pass. Queries and keys are rotated in place.</param>
    /// <param name="frequencies">See <see cref="Rotary"/>.</param>
    /// <param name="parts">A buffer of <see cref="AttentionShape.PartFloats"/> for each decoded token, filled with zeros before
    /// the
    /// first pass.</param>
    /// <param name="forms">See <see cref="Operation.Forms"/>.</param>
    public Launch Attend(
        string name, Activation qkv, KvLayer cache, ArrayView<ulong> frequencies,
        ArrayView<float> parts, Activation output, AttentionShape shape, OutputForms forms = default)
    {
        int run = cache.Format == TensorFormat.Q8_0 ? TileLayout.Run : TileLayout.Length;
        Require(
            shape.PaddedHeadDim % run == 0 && shape.PaddedHeadDim <= 256,
            name,
            $"a head size that is a multiple of {run}, at most 256",
            $"{shape.PaddedHeadDim}");
        Require(
            shape.Group <= Family.MostQueriesPerTile,
            name,
            $"at most {Family.MostQueriesPerTile} heads to a kv head",
            $"{shape.Group}");
        Require(
            qkv.Columns == shape.QkvColumns, name, $"{shape.QkvColumns} columns of queries, keys and values", $"{qkv.Columns}");
        Require(output.Columns == shape.AttendedColumns, name, $"{shape.AttendedColumns} outputs", $"{output.Columns}");
        return cache.Format switch
        {
            TensorFormat.Float32 => Attend<Float32, float>(qkv, cache, frequencies, parts, output, shape, forms),
            TensorFormat.BFloat16 => Attend<BFloat16, ushort>(qkv, cache, frequencies, parts, output, shape, forms),
            TensorFormat.Float16 => Attend<Float16, ushort>(qkv, cache, frequencies, parts, output, shape, forms),
            TensorFormat.Q8_0 => Attend<Int8Cache, sbyte>(qkv, cache, frequencies, parts, output, shape, forms),
            _ => throw new ArgumentOutOfRangeException(nameof(cache), cache.Format, "no format of a cache"),
        };
    }

    /// <summary>See <see cref="Narrow"/>.</summary>
    public Launch NarrowHeads(string name, Activation input, Activation output, AttentionShape shape)
    {
        Require(
            input.Columns == shape.AttendedColumns, name, $"{shape.AttendedColumns} columns of padded heads", $"{input.Columns}");
        Require(output.Columns == shape.OutputColumns, name, $"{shape.OutputColumns} outputs", $"{output.Columns}");
        return Launcher(
            new NarrowHeads(
                State, input.View, output.View, shape.Heads, shape.HeadDim, shape.PaddedHeadDim, input.Stride, output.Stride),
            pass => Family.Elements((long)pass.TokenCount * shape.OutputColumns));
    }

    /// <summary>result[r] = the token chosen from row r of the logits, see <see cref="Planning.Choose"/>.</summary>
    public Launch Choose(string name, Activation logits, ArrayView<int> result)
    {
        Require(logits.Columns <= TokenOrder.MostTokens, name, $"at most {TokenOrder.MostTokens} tokens", $"{logits.Columns}");
        return Choose(logits, result);
    }

    private protected abstract Launch Norm(
        Activation input, ArrayView<float> gain, Activation output, float epsilon, RowSet rows, OutputForms forms);

    private protected virtual Launch Choose(Activation logits, ArrayView<int> result) => Launcher(
        new ArgMaxRow(State, logits.View, result, logits.Columns, logits.Stride), pass => Family.Coarse(pass.LogitCount));

    private protected Launch Launcher<TKernel>(TKernel kernel, Func<Pass, KernelConfig> shape)
        where TKernel : struct, IKernel
    {
        var launch = _binder.Bind(kernel);
        return new Launch(pass => launch(shape(pass)), kernel is ILink link ? [link] : null);
    }

    /// <summary>Kernels that are bound when a pass first needs them.</summary>
    private protected Lazy<Launch> Later(Func<Launch> make) => _binder.Later(make);

    private static void Require(bool holds, string step, string expected, string found)
    {
        if (!holds)
        {
            throw new ArgumentException($"step {step}: expected {expected}, found {found}");
        }
    }

    internal Launch Embed<TKernel>(TKernel kernel, Activation hidden)
        where TKernel : struct, IKernel => Launcher(kernel, pass => Family.Elements((long)pass.TokenCount * hidden.Columns));
}
