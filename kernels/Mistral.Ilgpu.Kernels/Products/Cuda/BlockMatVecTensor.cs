using ILGPU;
using Mistral.Ilgpu.Kernels.Contract;
using Mistral.Ilgpu.Kernels.Formats;
using Mistral.Ilgpu.Kernels.Hardware.Cuda;
using Mistral.Ilgpu.Kernels.Hardware.Waves;
using Mistral.Ilgpu.Kernels.Inputs;
using Mistral.Ilgpu.Kernels.Products.Waves;

namespace Mistral.Ilgpu.Kernels.Products.Cuda;

/// <summary>
/// <see cref="BlockMatVecWarp{TFormat,TEpilogue}"/> for several tokens at once, on tensor cores, where columns are whole stages
/// of 256. A group of eight warps makes 32 rows (grid y) for 8 or 16 tokens (grid x). So weights are read once for all tokens,
/// and tokens once for 32 rows. Weights and tokens come to shared memory in a few stages, see
/// <see cref="RunStage{TFormat,TTokens,TEpilogue}"/>: while one is multiplied the others are on their way. A run is one product
/// of whole numbers, two where its halves have scales of their own. Whole numbers have no rounding, so every bit is that of the
/// form for one token. Gated pairs only of formats that <see cref="RunStage.HasRegisters"/> accepts; see
/// <see cref="BlockSwiGluTensor{TFormat,TTokens}"/>.
/// </summary>
/// <param name="Addresses">Of the weights and of the tokens in eight bits.</param>
/// <param name="Packed">Takes y in eight bits too, where it exists: where y has whole runs.</param>
[GroupForm]
[CudaForm(80, GroupSize = WarpRows.GroupSize, GroupsAtOnce = 2)]
public readonly record struct BlockMatVecTensor<TFormat, TTokens, TEpilogue>(
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
    where TEpilogue : struct, IEpilogue
{
    public void Execute() => new RunProduct<TFormat, TTokens, TEpilogue, EightWarps>(
        State, Weights, Addresses, Output, Packed, Rows, OutputStride, Tokens).Make();
}
