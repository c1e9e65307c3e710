using ILGPU;
using Mistral.Ilgpu.Kernels.Contract;
using Mistral.Ilgpu.Kernels.Formats;
using Mistral.Ilgpu.Kernels.Hardware.Cuda;
using Mistral.Ilgpu.Kernels.Hardware.Waves;
using Mistral.Ilgpu.Kernels.Inputs;
using Mistral.Ilgpu.Kernels.Products.Waves;

namespace Mistral.Ilgpu.Kernels.Products.Cuda;

/// <summary>
/// y[t, r] = silu(Σ_c G[r, c] x[t, c]) × Σ_c U[r, c] x[t, c], G stacked over U. It is the gated
/// <see cref="BlockMatVecTensor{TFormat,TTokens,TEpilogue}"/> for formats whose pair has more sums, scales and offsets than a
/// thread has registers. A group of sixteen warps, eight for each matrix, makes 32 rows (grid y) for 8 or 16 tokens (grid x).
/// Every bit is that of the other forms.
/// </summary>
/// <param name="Addresses">Of the weights and of the tokens in eight bits.</param>
/// <param name="Packed">Takes y in eight bits too, where it exists: where y has whole runs.</param>
[GroupForm]
[CudaForm(80, GroupSize = GroupSize, GroupsAtOnce = 1)]
public readonly record struct BlockSwiGluTensor<TFormat, TTokens>(
    StepState State,
    BlockWeights Weights,
    RunAddresses Addresses,
    ArrayView<float> Output,
    PackedInput Packed,
    int Rows,
    int OutputStride,
    RowRange Tokens) : IKernel
    where TFormat : struct, IPackedFormat
    where TTokens : struct, ITokenBlocks
{
    public const int GroupSize = 2 * WarpRows.GroupSize;

    public void Execute() => new RunProduct<TFormat, TTokens, GateWithSilu, SixteenWarps>(
        State, Weights, Addresses, Output, Packed, Rows, OutputStride, Tokens).Make();
}
