using Mistral.Ilgpu.Kernels.Products.Cuda;

namespace Mistral.Ilgpu.Kernels.Products.Matrix;

/// <summary>What an item has read of the next stages and not yet written: of one either weights or tokens. Each has registers of
/// its own, because a choice between both would wait for the loads.</summary>
internal struct StageParts
{
    public TilePart Weights, Tokens;
}
