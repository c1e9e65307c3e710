using System.Runtime.CompilerServices;
using ILGPU;
using Mistral.Ilgpu.Kernels.Contract;
using Mistral.Ilgpu.Kernels.Formats;
using Mistral.Ilgpu.Kernels.Hardware.Cuda;
using Mistral.Ilgpu.Kernels.Hardware.Waves;
using Mistral.Ilgpu.Kernels.Inputs;

namespace Mistral.Ilgpu.Kernels.Products.Waves;

/// <summary>
/// <see cref="BlockMatVecWarp{TFormat,TEpilogue}"/> for one token (the first of Tokens): y[r] = Σ_c W[r, c] q(RMSNorm(x))[c].
/// Every group norms it and brings it to eight bits itself, see <see cref="NormedInput"/>. Shape: x is tokens × inputStride. The
/// bits are those of the separate kernels.
/// </summary>
[GroupForm]
[WaveForm]
[CudaForm(60, GroupSize = WarpRows.GroupSize, GroupsAtOnce = 2)]
public readonly record struct BlockMatVecNormed<TFormat>(
    StepState State,
    BlockWeights Weights,
    PrefetchedBlocks Ahead,
    ArrayView<Floats4> Input,
    RmsNormed Norm,
    ArrayView<float> Output,
    int Rows,
    int InputStride,
    int OutputStride,
    RowRange Tokens) : IKernel
    where TFormat : struct, IPackedFormat
{
    /// <summary>Rows that a group makes.</summary>
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
        Ahead.Prefetch(firstRow, Rows, matrices: 1, lines: 16, rounds: 1);
        Predecessor.Await();
        int token = Tokens.First(State);
        var input = NormedInput.Load(Input, (long)Tokens.Token(State, token) * (InputStride / RmsNormed.PerItem), Norm);
        int row = firstRow + (Group.IdxX / Strands.Count);
        float product = new BlockRows<TFormat, Assign>(Weights, input, Rows).Sum(row, 0).First;
        if ((Group.IdxX & (Strands.Count - 1)) == 0 && row < Rows)
        {
            Output[((long)token * OutputStride) + row] = product;
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private void ExecuteElsewhere()
    {
        int token = Tokens.First(State);
        var input = NormedInput.Load(Input, (long)Tokens.Token(State, token) * (InputStride / RmsNormed.PerItem), Norm);
        int row = (Grid.IdxX * RowsPerGroup) + (Group.IdxX / Strands.Count);
        float product = new UnsignedRows<TFormat, Assign>(Weights, input, Rows).Sum(row, 0).First;
        if ((Group.IdxX & (Strands.Count - 1)) == 0 && row < Rows)
        {
            Output[((long)token * OutputStride) + row] = product;
        }
    }
}
