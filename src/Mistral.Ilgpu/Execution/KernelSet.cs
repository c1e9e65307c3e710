using ILGPU;
using ILGPU.Runtime;
using Mistral.Ilgpu.Checkpoints;
using Mistral.Ilgpu.Kernels;

namespace Mistral.Ilgpu.Execution;

/// <summary>
/// The model's verbs. Each checks its shapes, picks the form of its kernel for the device (the one place where that is
/// decided), compiles it, and returns the step that launches it.
/// </summary>
public sealed class KernelSet(Device device, ArrayView<int> state)
{
    private readonly LaunchPlan _plan = new(device.Info);

    public Device Device { get; } = device;

    /// <summary>hidden[t] = table[id of t]. Bytes: the rows read and written.</summary>
    public Step Embed(string name, WeightMatrix table, Activation hidden)
    {
        Require(table.Columns == hidden.Columns, name, $"a table of {hidden.Columns} columns", $"{table.Columns}");
        return table.Format switch
        {
            TensorFormat.Float32 => Build<Float32, float>(),
            TensorFormat.BFloat16 => Build<BFloat16, ushort>(),
            _ => Build<Float16, ushort>(),
        };

        Step Build<TFormat, TElement>()
            where TFormat : struct, IWeightFormat<TElement>
            where TElement : unmanaged => Elementwise(
                name,
                new Embed<TFormat, TElement>(state, table.View<TElement>(), hidden.View, hidden.Columns, hidden.Stride),
                pass => (long)pass.TokenCount * hidden.Columns,
                items => new StepCost(items * (table.Format.BytesPerElement() + sizeof(float)), 0));
    }

    /// <summary>output = RMSNorm(input) × gain. Bytes: rows read and written, and the gain; 4 operations an element.</summary>
    public Step RmsNorm(string name, Activation input, ArrayView<float> gain, Activation output, float epsilon, RowSet rows)
    {
        int columns = input.Columns;
        Require(gain.Length == columns && output.Columns == columns, name, $"{columns} columns throughout", $"{gain.Length} gains, {output.Columns} outputs");
        int first = rows == RowSet.Tokens ? StepState.Zero : StepState.FirstLogitRow;
        Func<Pass, StepCost> cost = pass =>
        {
            long elements = (long)Count(pass, rows) * columns;
            return new StepCost(((2 * elements) + columns) * sizeof(float), 4 * elements);
        };
        if (_plan.Family == KernelFamily.Gpu)
        {
            var group = new RmsNormGroup(state, input.View, gain, output.View, columns, input.Stride, epsilon, first);
            return Step(name, group, pass => new KernelConfig(Count(pass, rows), LaunchPlan.ReductionGroup), cost, rows);
        }

        var row = new RmsNormRow(state, input.View, gain, output.View, columns, input.Stride, epsilon, first, CountAt(rows));
        return Step(name, row, pass => _plan.Coarse(Count(pass, rows)), cost, rows);
    }

    /// <summary>
    /// output = weights × input, or output += with <paramref name="addToResidual"/>. Bytes: the weights once, inputs and
    /// outputs; 2 operations per weight and row.
    /// </summary>
    public Step MatMul(
        string name, WeightMatrix weights, Activation input, Activation output, RowSet rows = RowSet.Tokens, bool addToResidual = false)
    {
        Require(weights.Columns == input.Columns, name, $"weights of {input.Columns} columns", $"{weights.Columns}");
        Require(weights.Rows == output.Columns, name, $"weights of {output.Columns} rows", $"{weights.Rows}");
        return weights.Format switch
        {
            TensorFormat.Float32 => WithResult<Float32, float>(),
            TensorFormat.BFloat16 => WithResult<BFloat16, ushort>(),
            _ => WithResult<Float16, ushort>(),
        };

        Step WithResult<TFormat, TElement>()
            where TFormat : struct, IWeightFormat<TElement>
            where TElement : unmanaged => addToResidual
                ? MatMul<TFormat, TElement, AddToResidual>(name, weights, input, output, rows)
                : MatMul<TFormat, TElement, Assign>(name, weights, input, output, rows);
    }

    /// <summary>
    /// Turns the queries in place and the keys and values into the fresh part of the cache.
    /// Bytes: queries read and written, keys and values read and written in the cache's format.
    /// </summary>
    public Step Rope(string name, Activation qkv, KvLayer cache, ArrayView<ulong> frequencies, AttentionShape shape)
    {
        Require(shape.HeadDim % 8 == 0, name, "a head size that is a multiple of 8", $"{shape.HeadDim}");
        Require(qkv.Columns == shape.QkvColumns, name, $"{shape.QkvColumns} columns of queries, keys and values", $"{qkv.Columns}");
        return cache.Format switch
        {
            TensorFormat.Float32 => Build<Float32, float>(),
            TensorFormat.BFloat16 => Build<BFloat16, ushort>(),
            _ => Build<Float16, ushort>(),
        };

        Step Build<TCache, TElement>()
            where TCache : struct, IWeightFormat<TElement>
            where TElement : unmanaged => Elementwise(
                name,
                new Rope<TCache, TElement>(
                    state,
                    frequencies,
                    qkv.View,
                    cache.FreshKeys.Cast<TElement>(),
                    cache.FreshValues.Cast<TElement>(),
                    shape.Heads,
                    shape.KvHeads,
                    shape.HeadDim,
                    qkv.Stride),
                pass => (long)pass.TokenCount * shape.QkvColumns / 2,
                pairs => RopeCost(pairs * 2 / shape.QkvColumns, shape, cache.Format));
    }

    /// <summary>
    /// output = attention of the queries over the ring and the chunk's fresh keys and values. Operations: 4 × headDim for
    /// each query and visible key; bytes: queries, outputs, and each visible key and value once for each group of heads.
    /// </summary>
    public Step Attend(string name, Activation qkv, KvLayer cache, Activation output, AttentionShape shape)
    {
        Require(output.Columns == shape.Heads * shape.HeadDim, name, $"{shape.Heads * shape.HeadDim} outputs", $"{output.Columns}");
        return cache.Format switch
        {
            TensorFormat.Float32 => Build<Float32, float>(),
            TensorFormat.BFloat16 => Build<BFloat16, ushort>(),
            _ => Build<Float16, ushort>(),
        };

        Step Build<TCache, TElement>()
            where TCache : struct, IWeightFormat<TElement>
            where TElement : unmanaged
        {
            var input = new AttentionInput<TElement>(
                state,
                qkv.View,
                cache.FreshKeys.Cast<TElement>(),
                cache.FreshValues.Cast<TElement>(),
                cache.Keys.Cast<TElement>(),
                cache.Values.Cast<TElement>(),
                output.View,
                shape.Heads,
                shape.KvHeads,
                shape.HeadDim,
                cache.Slots,
                qkv.Stride,
                output.Stride,
                1 / MathF.Sqrt(shape.HeadDim));
            Func<Pass, StepCost> cost = pass => AttentionCost(pass, cache, shape);
            return _plan.Family == KernelFamily.Gpu
                ? Step(
                    name,
                    new AttendGroup<TCache, TElement>(input),
                    pass => new KernelConfig(new Index3D(shape.Heads, pass.TokenCount, 1), new Index3D(LaunchPlan.ReductionGroup, 1, 1)),
                    cost)
                : Step(
                    name,
                    new AttendRow<TCache, TElement>(input),
                    pass => _plan.Coarse((long)pass.TokenCount * shape.Heads),
                    cost);
        }
    }

    /// <summary>Rotates the chunk's fresh keys and values into the ring. Bytes: those kept, read and written.</summary>
    public Step StoreKv(string name, KvLayer cache, AttentionShape shape)
    {
        return cache.Format == TensorFormat.Float32 ? Build<float>() : Build<ushort>();

        Step Build<TElement>()
            where TElement : unmanaged => Elementwise(
                name,
                new StoreKv<TElement>(
                    state,
                    cache.FreshKeys.Cast<TElement>(),
                    cache.FreshValues.Cast<TElement>(),
                    cache.Keys.Cast<TElement>(),
                    cache.Values.Cast<TElement>(),
                    shape.KvColumns,
                    cache.Slots),
                pass => (long)Math.Min(pass.TokenCount, cache.Slots) * shape.KvColumns,
                elements => new StepCost(4 * elements * cache.Format.BytesPerElement(), 0));
    }

    /// <summary>output = silu(gate) × up. Bytes: gates, ups and outputs; 5 operations an element.</summary>
    public Step SwiGlu(string name, Activation gateUp, Activation output)
    {
        Require(gateUp.Columns == 2 * output.Columns, name, $"{2 * output.Columns} gates and ups", $"{gateUp.Columns}");
        return Elementwise(
            name,
            new SwiGlu(state, gateUp.View, output.View, output.Columns, gateUp.Stride, output.Stride),
            pass => (long)pass.TokenCount * output.Columns,
            elements => new StepCost(3 * elements * sizeof(float), 5 * elements));
    }

    /// <summary>result[0] = the token with the largest logit in row 0, the first among equals.</summary>
    public Step ArgMax(string name, Activation logits, ArrayView<int> result)
    {
        var cost = new StepCost((long)logits.Columns * sizeof(float), logits.Columns);
        return _plan.Family == KernelFamily.Gpu
            ? Step(
                name,
                new ArgMaxGroup(logits.View, result, logits.Columns),
                _ => new KernelConfig(1, GroupReduce.MaxGroupSize),
                _ => cost)
            : Step(name, new ArgMaxRow(logits.View, result, logits.Columns), _ => new KernelConfig(1, 2), _ => cost);
    }

    private Step MatMul<TFormat, TElement, TResult>(
        string name, WeightMatrix weights, Activation input, Activation output, RowSet rows)
        where TFormat : struct, IWeightFormat<TElement>
        where TElement : unmanaged
        where TResult : struct, IResult
    {
        var view = weights.View<TElement>();
        Func<Pass, StepCost> cost = pass => MatMulCost(weights, Count(pass, rows));
        if (_plan.Family == KernelFamily.CpuAccelerator)
        {
            var packs = new MatVecPacks<TFormat, TElement, TResult>(
                state, view, input.View, output.View, weights.Rows, input.Stride, output.Stride, CountAt(rows));
            return Step(name, packs, _ => _plan.Coarse(weights.Rows), cost, rows);
        }

        Action<Pass> one;
        if (_plan.Family == KernelFamily.OpenClCpu)
        {
            const int GroupSize = 8;
            var lanes = new MatVecLanes<TFormat, TElement, TResult>(view, input.View, output.View, weights.Rows, input.Stride);
            one = Launcher(lanes, _ => new KernelConfig((weights.Rows + GroupSize - 1) / GroupSize, GroupSize));
        }
        else
        {
            var group = new MatVecGroup<TFormat, TElement, TResult>(view, input.View, output.View, input.Stride);
            one = Launcher(group, _ => new KernelConfig(weights.Rows, LaunchPlan.ReductionGroup));
        }

        const int Tile = MatMulTile<TFormat, TElement, TResult>.Tile;
        var tiles = new MatMulTile<TFormat, TElement, TResult>(
            state, view, input.View, output.View, weights.Rows, input.Stride, output.Stride, CountAt(rows));
        var many = Launcher(tiles, pass => new KernelConfig(
            new Index3D((weights.Rows + Tile - 1) / Tile, (Count(pass, rows) + Tile - 1) / Tile, 1),
            new Index3D(MatMulTile<TFormat, TElement, TResult>.GroupSize, 1, 1)));
        return new Step(name, pass => (Count(pass, rows) == 1 ? one : many)(pass), cost, rows);
    }

    private Step Elementwise<TKernel>(string name, TKernel kernel, Func<Pass, long> items, Func<long, StepCost> cost)
        where TKernel : struct, IKernel =>
        Step(name, kernel, pass => _plan.Elements(items(pass)), pass => cost(items(pass)));

    private Step Step<TKernel>(
        string name, TKernel kernel, Func<Pass, KernelConfig> shape, Func<Pass, StepCost> cost, RowSet rows = RowSet.Tokens)
        where TKernel : struct, IKernel => new(name, Launcher(kernel, shape), cost, rows);

    private Action<Pass> Launcher<TKernel>(TKernel kernel, Func<Pass, KernelConfig> shape)
        where TKernel : struct, IKernel
    {
        var launch = Device.Load<TKernel>();
        var stream = Device.Stream;
        return pass => launch(stream, shape(pass), kernel);
    }

    private static int Count(Pass pass, RowSet rows) => rows == RowSet.Tokens ? pass.TokenCount : pass.LogitCount;

    private static int CountAt(RowSet rows) => rows == RowSet.Tokens ? StepState.TokenCount : StepState.LogitCount;

    private static StepCost MatMulCost(WeightMatrix weights, long rows) => new(
        ((long)weights.Rows * weights.Columns * weights.Format.BytesPerElement()) + (rows * (weights.Rows + weights.Columns) * sizeof(float)),
        2 * rows * weights.Rows * weights.Columns);

    private static StepCost RopeCost(long tokens, AttentionShape shape, TensorFormat cache)
    {
        long queries = tokens * shape.Heads * shape.HeadDim;
        long keys = tokens * shape.KvColumns;
        return new StepCost(
            (2 * queries * sizeof(float)) + (2 * keys * (sizeof(float) + cache.BytesPerElement())), 3 * (queries + keys));
    }

    private static StepCost AttentionCost(Pass pass, KvLayer cache, AttentionShape shape)
    {
        long visible = 0;
        for (int token = 0; token < pass.TokenCount; token++)
        {
            visible += Math.Min(pass.StartPosition + token + 1, cache.Slots);
        }

        // Keys outside the reach of the chunk's first query are never read; the others are read at least once.
        long keys = Math.Min(pass.StartPosition, cache.Slots - 1) + pass.TokenCount;
        long rows = (long)pass.TokenCount * shape.Heads * shape.HeadDim;
        return new StepCost(
            (2 * rows * sizeof(float)) + (2 * keys * shape.KvColumns * cache.Format.BytesPerElement()),
            4 * visible * shape.Heads * shape.HeadDim);
    }

    private static void Require(bool holds, string step, string expected, string found)
    {
        if (!holds)
        {
            throw new ArgumentException($"step {step}: expected {expected}, found {found}");
        }
    }
}
