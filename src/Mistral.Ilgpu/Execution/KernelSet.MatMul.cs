using ILGPU;
using ILGPU.Runtime;
using Mistral.Ilgpu.Checkpoints;
using Mistral.Ilgpu.Kernels;

namespace Mistral.Ilgpu.Execution;

/// <summary>Matrix products.</summary>
public sealed partial class KernelSet
{
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
    /// output = silu(gate × input) × (up × input), the first half of a feed-forward layer. Bytes: the weights once, inputs and
    /// outputs; 2 operations per weight and row, and 5 per output.
    /// </summary>
    /// <param name="gateUp">Rows of the gate over rows of up.</param>
    /// <param name="products">Room for both products of a chunk.</param>
    public Step SwiGlu(string name, WeightMatrix gateUp, Activation input, Activation products, Activation output)
    {
        Require(gateUp.Columns == input.Columns, name, $"weights of {input.Columns} columns", $"{gateUp.Columns}");
        Require(
            gateUp.Rows == 2 * output.Columns && products.Columns == gateUp.Rows, name,
            $"{2 * output.Columns} gates and ups", $"{gateUp.Rows} rows, room for {products.Columns}");
        return gateUp.Format switch
        {
            TensorFormat.Float32 => SwiGlu<Float32, float>(name, gateUp, input, products, output),
            TensorFormat.BFloat16 => SwiGlu<BFloat16, ushort>(name, gateUp, input, products, output),
            _ => SwiGlu<Float16, ushort>(name, gateUp, input, products, output),
        };
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
            var lanes = new MatVecLanes<TFormat, TElement, TResult>(view, input.View, output.View, weights.Rows, input.Stride);
            one = Launcher(lanes, _ => LaunchPlan.Rows(weights.Rows));
        }
        else
        {
            var group = new MatVecGroup<TFormat, TElement, TResult>(view, input.View, output.View, input.Stride);
            one = Launcher(group, _ => new KernelConfig(weights.Rows, LaunchPlan.ReductionGroup));
        }

        var many = Tiles<TFormat, TElement, TResult>(weights, input, output, rows);
        return new Step(name, pass => (Count(pass, rows) == 1 ? one : many)(pass), cost, rows);
    }

    private Step SwiGlu<TFormat, TElement>(
        string name, WeightMatrix gateUp, Activation input, Activation products, Activation output)
        where TFormat : struct, IWeightFormat<TElement>
        where TElement : unmanaged
    {
        var view = gateUp.View<TElement>();
        int rows = output.Columns;
        Func<Pass, StepCost> cost = pass => SwiGluCost(gateUp, pass.TokenCount);
        if (_plan.Family == KernelFamily.CpuAccelerator)
        {
            var packs = new GatedMatVecPacks<TFormat, TElement>(
                state, view, input.View, output.View, rows, input.Stride, output.Stride);
            return Step(name, packs, _ => _plan.Coarse(rows), cost);
        }

        var one = _plan.Family == KernelFamily.OpenClCpu
            ? Launcher(new GatedMatVecLanes<TFormat, TElement>(view, input.View, output.View, rows, input.Stride), _ => LaunchPlan.Rows(rows))
            : Launcher(
                new GatedMatVecGroup<TFormat, TElement>(view, input.View, output.View, rows, input.Stride),
                _ => new KernelConfig(rows, LaunchPlan.ReductionGroup));
        var multiply = Tiles<TFormat, TElement, Assign>(gateUp, input, products, RowSet.Tokens);
        var activate = Launcher(
            new SwiGlu(state, products.View, output.View, rows, products.Stride, output.Stride),
            pass => _plan.Elements((long)pass.TokenCount * rows));
        var many = multiply + activate;
        return new Step(name, pass => (pass.TokenCount == 1 ? one : many)(pass), cost);
    }

    private Action<Pass> Tiles<TFormat, TElement, TResult>(WeightMatrix weights, Activation input, Activation output, RowSet rows)
        where TFormat : struct, IWeightFormat<TElement>
        where TElement : unmanaged
        where TResult : struct, IResult
    {
        const int Tile = MatMulTile<TFormat, TElement, TResult>.Tile;
        var tiles = new MatMulTile<TFormat, TElement, TResult>(
            state, weights.View<TElement>(), input.View, output.View, weights.Rows, input.Stride, output.Stride, CountAt(rows));
        return Launcher(tiles, pass => new KernelConfig(
            new Index3D((weights.Rows + Tile - 1) / Tile, (Count(pass, rows) + Tile - 1) / Tile, 1),
            new Index3D(MatMulTile<TFormat, TElement, TResult>.GroupSize, 1, 1)));
    }

    private static StepCost MatMulCost(WeightMatrix weights, long rows) => new(
        ((long)weights.Rows * weights.Columns * weights.Format.BytesPerElement()) + (rows * (weights.Rows + weights.Columns) * sizeof(float)),
        2 * rows * weights.Rows * weights.Columns);

    private static StepCost SwiGluCost(WeightMatrix gateUp, long tokens)
    {
        long outputs = tokens * gateUp.Rows / 2;
        return new StepCost(
            ((long)gateUp.Rows * gateUp.Columns * gateUp.Format.BytesPerElement()) + (((tokens * gateUp.Columns) + outputs) * sizeof(float)),
            (2 * tokens * gateUp.Rows * gateUp.Columns) + (5 * outputs));
    }
}
