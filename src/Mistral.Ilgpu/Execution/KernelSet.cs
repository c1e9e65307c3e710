using ILGPU;
using ILGPU.Runtime;
using Mistral.Ilgpu.Checkpoints.Formats;
using Mistral.Ilgpu.Checkpoints;
using Mistral.Ilgpu.Kernels;
using Mistral.Ilgpu.Planning;

namespace Mistral.Ilgpu.Execution;

/// <summary>
/// The kernels of a plan's operations. Each verb checks its shapes, picks the form of its kernel for the device, compiles it, and returns what launches it.
/// </summary>
public sealed partial class KernelSet(Device device, StepState state, ActivationType activations = ActivationType.Int8)
{
    private readonly LaunchPlan _plan = new(device.Info, device.ReductionGroup);

    public Device Device { get; } = device;

    internal LaunchPlan Launching => _plan;

    internal ActivationType Activations => activations;

    /// <summary>Who owns what is launched; null for the device.</summary>
    internal BoundLaunches? Launches { get; init; }

    /// <summary>See <see cref="Planning.Embed"/>.</summary>
    public Launch Embed(string name, WeightMatrix table, Activation hidden)
    {
        Require(table.Columns == hidden.Columns, name, $"a table of {hidden.Columns} columns", $"{table.Columns}");
        Require(table.Bands.Count == 1, name, "a table in one format", $"{table.Bands.Count}");
        var band = table.Bands[0];
        return band.Format switch
        {
            TensorFormat.Float32 => Elements<Float32, float>(),
            TensorFormat.BFloat16 => Elements<BFloat16, ushort>(),
            TensorFormat.Float16 => Elements<Float16, ushort>(),
            _ => BlockFormats.Use(band.Format, new EmbedOfBlocks(this, band, hidden)),
        };

        Launch Elements<TFormat, TElement>()
            where TFormat : struct, IWeightFormat<TElement>
            where TElement : unmanaged =>
            Embed(new Embed<TFormat, TElement>(state, band.View<TElement>(), hidden.View, hidden.Columns, hidden.Stride), hidden);
    }

    private Launch EmbedBlocks<TFormat>(WeightBand band, Activation hidden)
        where TFormat : struct, IBlockFormat =>
        Embed(new BlockEmbed<TFormat>(state, band.Blocks, hidden.View, hidden.Stride), hidden);

    private Launch Embed<TKernel>(TKernel kernel, Activation hidden)
        where TKernel : struct, IKernel => Launcher(kernel, pass => _plan.Elements((long)pass.TokenCount * hidden.Columns));

    private sealed record EmbedOfBlocks(KernelSet Kernels, WeightBand Band, Activation Hidden) : IBlockFormatUse<Launch>
    {
        Launch IBlockFormatUse<Launch>.Of<TFormat>() => Kernels.EmbedBlocks<TFormat>(Band, Hidden);
    }

    /// <summary>See <see cref="Norm"/>.</summary>
    /// <param name="makesInt8">See <see cref="Norm.MakesInt8"/>.</param>
    public Launch RmsNorm(
        string name, Activation input, ArrayView<float> gain, Activation output, float epsilon, RowSet rows, bool makesInt8 = false)
    {
        int columns = input.Columns;
        Require(gain.Length == columns && output.Columns == columns, name, $"{columns} columns throughout", $"{gain.Length} gains, {output.Columns} outputs");
        if (_plan.Family == KernelFamily.Cuda && columns % RmsNormed.PerItem == 0)
        {
            var norm = new RmsNormed(gain.Cast<Float4>(), columns, epsilon);
            return makesInt8 ? Warp<AlsoInt8>(norm, Room(output).Packed!.Value) : Warp<FloatsAlone>(norm, default);
        }

        if (_plan.LikesGroups)
        {
            var group = new RmsNormGroup(state, input.View, gain, output.View, columns, input.Stride, epsilon, rows.Range);
            return Launcher(group, pass => new KernelConfig(rows.Count(pass), _plan.ReductionGroup));
        }

        if (HasLanes(columns))
        {
            return makesInt8 ? Lanes<AlsoInt8>() : Lanes<FloatsAlone>();
        }

        if (_plan.Family == KernelFamily.CpuAccelerator)
        {
            var vectors = new RmsNormVectors(state, input.View, gain, output.View, columns, input.Stride, epsilon, rows.Range);
            return Launcher(vectors, pass => _plan.Coarse(rows.Count(pass)));
        }

        var row = new RmsNormRow(state, input.View, gain, output.View, columns, input.Stride, epsilon, rows.Range);
        return Launcher(row, pass => _plan.Coarse(rows.Count(pass)));

        // Of tokens those of prompts are multiplied in 16 bits.
        Launch Warp<TExtra>(RmsNormed norm, PackedInput packed)
            where TExtra : struct, IRunResult => Launcher(
            new RmsNormWarp<TExtra>(
                state, input.View.Cast<Float4>(), norm, output.View.Cast<Float4>(), packed, input.Stride, rows.Range,
                rows == RowSet.Tokens ? RowRange.Decode : rows.Range),
            pass => new KernelConfig(rows.Count(pass), GroupReduce.MaxGroupSize));

        Launch Lanes<TExtra>()
            where TExtra : struct, IRunResult => Launcher(
            new RmsNormLanes<TExtra>(
                state, input.View, gain, output.View, output.Quantized.GetValueOrDefault(), columns, input.Stride, epsilon, rows.Range),
            pass => _plan.Coarse(rows.Count(pass)));
    }

    /// <summary>result[r] = the token chosen from row r of the logits, see <see cref="Planning.Choose"/>.</summary>
    public Launch Choose(string name, Activation logits, ArrayView<int> result)
    {
        Require(logits.Columns <= TokenOrder.MostTokens, name, $"at most {TokenOrder.MostTokens} tokens", $"{logits.Columns}");
        if (_plan.DrawsTokens)
        {
            var choose = new ChooseGroup(state, logits.View.Cast<Float4>(), result, logits.Columns, logits.Stride);
            return Launcher(choose, pass => new KernelConfig(pass.LogitCount, _plan.ChoiceGroup));
        }

        if (_plan.LikesGroups)
        {
            var group = new ArgMaxGroup(logits.View, result, logits.Columns, logits.Stride);
            return Launcher(group, pass => new KernelConfig(pass.LogitCount, GroupReduce.MaxGroupSize));
        }

        var row = new ArgMaxRow(state, logits.View, result, logits.Columns, logits.Stride);
        return Launcher(row, pass => _plan.Coarse(pass.LogitCount));
    }

    // Whether rows of activations are worked on as vectors.
    private bool HasLanes(int columns) => _plan.Family == KernelFamily.OpenClCpu && QuantizedActivations.Fit(columns);

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
