using Mistral.Ilgpu.Kernels.Contract;

namespace Mistral.Ilgpu.Kernels.Products.Waves;

/// <summary>An item's part of a tile: eight rows, each of them of four tokens.</summary>
internal struct EightRows
{
    public Floats4 A, B, C, D, E, F, G, H;
}
