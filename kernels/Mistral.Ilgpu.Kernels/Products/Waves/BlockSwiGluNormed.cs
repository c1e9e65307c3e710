using System.Runtime.CompilerServices;
using ILGPU;
using Mistral.Ilgpu.Kernels.Contract;
using Mistral.Ilgpu.Kernels.Formats;
using Mistral.Ilgpu.Kernels.Hardware.Cuda;
using Mistral.Ilgpu.Kernels.Hardware.Waves;
using Mistral.Ilgpu.Kernels.Inputs;

namespace Mistral.Ilgpu.Kernels.Products.Waves;

/// <summary>
/// y[r] = silu(Σ_c G[r, c] x'[c]) × Σ_c U[r, c] x'[c] for one token (the first of Tokens), G stacked over U. Every group norms it
/// and brings it to eight bits itself, see <see cref="NormedInput"/>. It makes y in eight bits too, for the product that follows.
/// Shapes: x is tokens × inputStride; y is tokens × outputStride. A group takes a run of 32 rows, a warp two rows of both
/// matrices and then two more. Groups that small all run at once on a GPU, where a few larger ones would run alone at the end.
/// The bits are those of the separate kernels.
/// </summary>
/// <param name="Packed">Takes y too, where it exists: where y has whole runs.</param>
[GroupForm]
[WaveForm]
[CudaForm(60, GroupSize = WarpRows.GroupSize, GroupsAtOnce = 4)]
public readonly record struct BlockSwiGluNormed<TFormat>(
    StepState State,
    BlockWeights Weights,
    PrefetchedBlocks Ahead,
    ArrayView<Floats4> Input,
    RmsNormed Norm,
    ArrayView<float> Output,
    PackedInput Packed,
    int Rows,
    int InputStride,
    int OutputStride,
    RowRange Tokens) : IKernel
    where TFormat : struct, IPackedFormat
{
    /// <summary>Rows that a group makes.</summary>
    public const int RowsPerGroup = BlockRun.Length;

    private const int RowsAtOnce = WarpRows.GroupSize / Strands.Count;

    public void Execute()
    {
        int firstRow = Grid.IdxX * RowsPerGroup;
        Ahead.Prefetch(firstRow, Rows, matrices: 2, lines: 4, rounds: 1);
        Predecessor.Await();
        var made = SharedMemory.Allocate<float>(RowsPerGroup);
        int token = Tokens.First(State);
        var input = NormedInput.Load(Input, (long)Tokens.Token(State, token) * (InputStride / RmsNormed.PerItem), Norm);
        for (int within = Group.IdxX / Strands.Count; within < RowsPerGroup; within += RowsAtOnce)
        {
            int row = firstRow + within;
            var (gate, up) = Sum(input, row);
            if ((Group.IdxX & (Strands.Count - 1)) == 0)
            {
                float product = GateWithSilu.Combine(0, gate, up);
                made[within] = product;
                if (row < Rows)
                {
                    Output[((long)token * OutputStride) + row] = product;
                }
            }
        }

        Group.Barrier();
        if (Packed.Exists && Wave.Number == 0)
        {
            int four = Wave.Index & (PackedRun.Lanes - 1);
            int at = four * PackedRun.PerLane;
            var x = new Floats4 { A = made[at], B = made[at + 1], C = made[at + 2], D = made[at + 3] };
            PackedRun.Write(Packed, token, (Grid.IdxX * PackedRun.Lanes) + four, x, Wave.Index < PackedRun.Lanes);
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private (float Gate, float Up) Sum(PackedInput input, int row) => Wave.IsForCuda()
        ? SumOnCuda(input, row)
        : new UnsignedRows<TFormat, GateWithSilu>(Weights, input, Rows).Sum(row, 0);

    // A call of its own, because with each that ILGPU inlines it turns the order of a loop's moves around. So PTX stays as it
    // was.
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private (float Gate, float Up) SumOnCuda(PackedInput input, int row) =>
        new BlockRows<TFormat, GateWithSilu>(Weights, input, Rows).Sum(row, 0);
}
