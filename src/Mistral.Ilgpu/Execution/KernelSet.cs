using ILGPU;
using ILGPU.Runtime;
using Mistral.Ilgpu.Checkpoints.Formats;
using Mistral.Ilgpu.Checkpoints;
using Mistral.Ilgpu.Kernels;

namespace Mistral.Ilgpu.Execution;

/// <summary>
/// The model's verbs. Each checks its shapes, picks the form of its kernel for the device (the one place where that is
/// decided), compiles it, and returns the step that launches it.
/// </summary>
public sealed partial class KernelSet(Device device, StepState state, ActivationType activations = ActivationType.Int8)
{
    private readonly LaunchPlan _plan = new(device.Info, device.ReductionGroup);

    public Device Device { get; } = device;

    /// <summary>Who owns what is launched; null for the device.</summary>
    internal BoundLaunches? Launches { get; init; }

    /// <summary>hidden[t] = table[id of t]. Bytes: the rows read and written.</summary>
    public Step Embed(string name, WeightMatrix table, Activation hidden)
    {
        Require(table.Columns == hidden.Columns, name, $"a table of {hidden.Columns} columns", $"{table.Columns}");
        Require(table.Bands.Count == 1, name, "a table in one format", $"{table.Bands.Count}");
        var band = table.Bands[0];
        return band.Format switch
        {
            TensorFormat.Float32 => Elements<Float32, float>(),
            TensorFormat.BFloat16 => Elements<BFloat16, ushort>(),
            TensorFormat.Float16 => Elements<Float16, ushort>(),
            _ => BlockFormats.Use(band.Format, new EmbedOfBlocks(this, name, band, hidden)),
        };

        Step Elements<TFormat, TElement>()
            where TFormat : struct, IWeightFormat<TElement>
            where TElement : unmanaged =>
            Embed(name, new Embed<TFormat, TElement>(state, band.View<TElement>(), hidden.View, hidden.Columns, hidden.Stride), band, hidden);
    }

    private Step EmbedBlocks<TFormat>(string name, WeightBand band, Activation hidden)
        where TFormat : struct, IBlockFormat =>
        Embed(name, new BlockEmbed<TFormat>(state, band.Blocks, hidden.View, hidden.Stride), band, hidden);

    private Step Embed<TKernel>(string name, TKernel kernel, WeightBand band, Activation hidden)
        where TKernel : struct, IKernel => Step(
            name,
            kernel,
            pass => _plan.Elements((long)pass.TokenCount * hidden.Columns),
            pass => EmbedCost(band.Format, hidden.Columns, pass.TokenCount),
            RowSet.Tokens,
            hidden);

    private sealed record EmbedOfBlocks(KernelSet Kernels, string Name, WeightBand Band, Activation Hidden) : IBlockFormatUse<Step>
    {
        Step IBlockFormatUse<Step>.Of<TFormat>() => Kernels.EmbedBlocks<TFormat>(Name, Band, Hidden);
    }

    /// <summary>output = RMSNorm(input) × gain. Bytes: rows read and written, and the gain; 4 operations an element. Where the products that take
    /// one decoded row make its norm themselves, the step has no work for it.</summary>
    /// <param name="takenBy">The matrix that the output is multiplied with, which may want it in eight bits too, or make it itself.</param>
    public Step RmsNorm(
        string name, Activation input, ArrayView<float> gain, Activation output, float epsilon, RowSet rows, WeightMatrix? takenBy = null)
    {
        int columns = input.Columns;
        Require(gain.Length == columns && output.Columns == columns, name, $"{columns} columns throughout", $"{gain.Length} gains, {output.Columns} outputs");
        Func<Pass, StepCost> cost = pass => RmsNormCost(columns, rows.Count(pass));
        if (_plan.Family == KernelFamily.Cuda && columns % RmsNormed.PerItem == 0)
        {
            var norm = new FusedNorm(input, gain, epsilon);
            output.Norm = MakesNorm(takenBy) ? norm : null;
            var packed = PackedFor(output, takenBy);
            output.MostPacked = packed is null ? 0 : int.MaxValue;
            var launch = packed is null ? Warp<FloatsAlone>(norm, default) : Warp<AlsoInt8>(norm, packed.Value);
            return new Step(name, launch, cost, rows, output, output.Norm is null ? null : pass => FusedNorm.IsAlone(pass, rows));
        }

        if (_plan.LikesGroups)
        {
            var group = new RmsNormGroup(state, input.View, gain, output.View, columns, input.Stride, epsilon, rows.Range);
            return Step(name, group, pass => new KernelConfig(rows.Count(pass), _plan.ReductionGroup), cost, rows, output);
        }

        if (HasLanes(columns))
        {
            return Quantizes(output, takenBy) ? Lanes<AlsoInt8>() : Lanes<FloatsAlone>();
        }

        if (_plan.Family == KernelFamily.CpuAccelerator)
        {
            var vectors = new RmsNormVectors(state, input.View, gain, output.View, columns, input.Stride, epsilon, rows.Range);
            return Step(name, vectors, pass => _plan.Coarse(rows.Count(pass)), cost, rows, output);
        }

        var row = new RmsNormRow(state, input.View, gain, output.View, columns, input.Stride, epsilon, rows.Range);
        return Step(name, row, pass => _plan.Coarse(rows.Count(pass)), cost, rows, output);

        // Of tokens those of prompts are multiplied in 16 bits.
        Launch Warp<TExtra>(FusedNorm norm, PackedInput packed)
            where TExtra : struct, IRunResult => Launcher(
            new RmsNormWarp<TExtra>(
                state, input.View.Cast<Float4>(), norm.Kernel, output.View.Cast<Float4>(), packed, input.Stride, rows.Range,
                rows == RowSet.Tokens ? RowRange.Decode : rows.Range),
            pass => new KernelConfig(rows.Count(pass), GroupReduce.MaxGroupSize));

        Step Lanes<TExtra>()
            where TExtra : struct, IRunResult => Step(
            name,
            new RmsNormLanes<TExtra>(
                state, input.View, gain, output.View, output.Quantized.GetValueOrDefault(), columns, input.Stride, epsilon, rows.Range),
            pass => _plan.Coarse(rows.Count(pass)),
            cost,
            rows,
            output);
    }

    /// <summary>
    /// result[r] = the token chosen from row r of the logits: the likeliest, the first among equals, or where the device draws tokens the one
    /// drawn as the step state says. Bytes: the logits, which stay in the caches if they are read again for a draw; an operation each.
    /// </summary>
    public Step Choose(string name, Activation logits, ArrayView<int> result)
    {
        Require(logits.Columns <= TokenOrder.MostTokens, name, $"at most {TokenOrder.MostTokens} tokens", $"{logits.Columns}");
        StepCost Cost(Pass pass) => ChooseCost(logits.Columns, pass.LogitCount);
        if (_plan.DrawsTokens)
        {
            var choose = new ChooseGroup(state, logits.View.Cast<Float4>(), result, logits.Columns, logits.Stride);
            return Step(name, choose, pass => new KernelConfig(pass.LogitCount, _plan.ChoiceGroup), Cost, RowSet.Logits, output: null);
        }

        if (_plan.LikesGroups)
        {
            var group = new ArgMaxGroup(logits.View, result, logits.Columns, logits.Stride);
            return Step(name, group, pass => new KernelConfig(pass.LogitCount, GroupReduce.MaxGroupSize), Cost, RowSet.Logits, output: null);
        }

        var row = new ArgMaxRow(state, logits.View, result, logits.Columns, logits.Stride);
        return Step(name, row, pass => _plan.Coarse(pass.LogitCount), Cost, RowSet.Logits, output: null);
    }

    internal static StepCost EmbedCost(TensorFormat format, int columns, long tokens) =>
        new(tokens * (format.BytesOf(columns) + ((long)columns * sizeof(float))), 0);

    internal static StepCost RmsNormCost(int columns, long rows) => new(((2 * rows * columns) + columns) * sizeof(float), 4 * rows * columns);

    internal static StepCost ChooseCost(int columns, long rows) => new(rows * columns * sizeof(float), rows * columns);

    // Whether rows of activations are worked on as vectors.
    private bool HasLanes(int columns) => _plan.Family == KernelFamily.OpenClCpu && QuantizedActivations.Fit(columns);

    /// <summary>Whether the matrix wants its input in eight bits; if so the step that makes it says that it will.</summary>
    private bool Quantizes(Activation output, WeightMatrix? takenBy) => output.IsQuantized =
        activations == ActivationType.Int8 && output.Quantized is not null && takenBy?.Bands.Any(band => band.Format.IsQuantized()) == true;

    private Step Step<TKernel>(
        string name, TKernel kernel, Func<Pass, KernelConfig> shape, Func<Pass, StepCost> cost, RowSet rows, Activation? output)
        where TKernel : struct, IKernel => new(name, Launcher(kernel, shape), cost, rows, output);

    private Launch Launcher<TKernel>(TKernel kernel, Func<Pass, KernelConfig> shape)
        where TKernel : struct, IKernel
    {
        var launch = Device.BindSoon(kernel, Launches);
        return new Launch(pass => launch(shape(pass)), kernel is ILink link ? [link] : null);
    }

    private static void Require(bool holds, string step, string expected, string found)
    {
        if (!holds)
        {
            throw new ArgumentException($"step {step}: expected {expected}, found {found}");
        }
    }
}
