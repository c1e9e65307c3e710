using System.Runtime.CompilerServices;
using ILGPU;
using Mistral.Ilgpu.Kernels.Contract;
using Mistral.Ilgpu.Kernels.Formats;
using Mistral.Ilgpu.Kernels.Hardware.Cuda;
using Mistral.Ilgpu.Kernels.Hardware.Waves;
using Mistral.Ilgpu.Kernels.Inputs;

namespace Mistral.Ilgpu.Kernels.Products.Waves;

/// <summary>
/// y[t, r] = Σ_c W[r, c] x[t, c] with W in blocks and x in eight bits, see <see cref="BlockRows{TFormat,TEpilogue}"/>. Also y +=
/// and the gated first half of a feed-forward layer, see <see cref="IEpilogue"/>. W: rows × columns (of a gate 2·rows); x: the
/// rows of a pass, those of Tokens multiplied; y: tokens × outputStride. A warp takes two rows (grid x, sixteen rows to a group)
/// of one token (grid y); its lanes are the <see cref="Strands"/>. No shared memory.
/// </summary>
[WaveForm]
[CudaForm(60, GroupSize = WarpRows.GroupSize, GroupsAtOnce = 2)]
public readonly record struct BlockMatVecWarp<TFormat, TEpilogue>(
    StepState State,
    BlockWeights Weights,
    PrefetchedBlocks Ahead,
    PackedInput Input,
    ArrayView<float> Output,
    int Rows,
    int OutputStride,
    RowRange Tokens) : IKernel
    where TFormat : struct, IPackedFormat
    where TEpilogue : struct, IEpilogue
{
    /// <summary>Rows that a group of <see cref="WarpRows.GroupSize"/> makes.</summary>
    public const int RowsPerGroup = WarpRows.GroupSize / Strands.Count;

    public void Execute()
    {
        if (Wave.IsForCuda())
        {
            ExecuteOnCuda();
        }
        else
        {
            ExecuteElsewhere();
        }
    }

    // Two calls, because with each that ILGPU inlines it turns the order of a loop's moves around, and PTX stays as it was.
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private void ExecuteOnCuda() => ExecuteOnCudaItself();

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private void ExecuteOnCudaItself()
    {
        int firstRow = Grid.IdxX * RowsPerGroup;
        Ahead.Prefetch(firstRow, Rows, TEpilogue.IsGated ? 2 : 1, TEpilogue.IsGated ? 8 : 16, TEpilogue.RoundsAhead);
        Predecessor.Await();
        int token = Tokens.First(State) + Grid.IdxY;
        if (token >= Tokens.End(State))
        {
            return;
        }

        int row = firstRow + (Group.IdxX / Strands.Count);
        var (product, second) = new BlockRows<TFormat, TEpilogue>(Weights, Input, Rows).Sum(row, token);
        if (Group.IdxX % Strands.Count == 0 && row < Rows)
        {
            long to = ((long)token * OutputStride) + row;
            Output[to] = TEpilogue.Combine(Output[to], product, second);
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private void ExecuteElsewhere()
    {
        int token = Tokens.First(State) + Grid.IdxY;
        // The same for all lanes of a group.
        if (token >= Tokens.End(State))
        {
            return;
        }

        int row = (Grid.IdxX * RowsPerGroup) + (Group.IdxX / Strands.Count);
        var (product, second) = new UnsignedRows<TFormat, TEpilogue>(Weights, Input, Rows).Sum(row, token);
        if (Group.IdxX % Strands.Count == 0 && row < Rows)
        {
            long to = ((long)token * OutputStride) + row;
            Output[to] = TEpilogue.Combine(Output[to], product, second);
        }
    }
}
