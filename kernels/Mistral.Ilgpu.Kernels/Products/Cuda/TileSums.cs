using System.Runtime.CompilerServices;
using Mistral.Ilgpu.Kernels.Hardware.Cuda;
using Mistral.Ilgpu.Kernels.Hardware.Waves;
using Mistral.Ilgpu.Kernels.Products.Waves;

namespace Mistral.Ilgpu.Kernels.Products.Cuda;

/// <summary>A warp's sums of 64 rows × 64 tokens, in registers.</summary>
internal struct TileSums
{
    public StripSums Top, Second, Third, Bottom;

    /// <summary>Adds the products of 16 columns.</summary>
    /// <param name="weights">Where the lane finds its 16 bytes of the first 16 rows.</param>
    /// <param name="input">Of the first 16 tokens.</param>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public readonly TileSums MultiplyAdd<TTensor>(uint weights, uint input)
        where TTensor : struct, ITensorFormat
    {
        const uint Strip = 16 * TileMemory.RowBytes;
        var (a, b) = (TileMemory.Load(input), TileMemory.Load(input + Strip));
        var (c, d) = (TileMemory.Load(input + (2 * Strip)), TileMemory.Load(input + (3 * Strip)));
        return new TileSums
        {
            Top = Top.MultiplyAdd<TTensor>(TileMemory.Load(weights), a, b, c, d),
            Second = Second.MultiplyAdd<TTensor>(TileMemory.Load(weights + Strip), a, b, c, d),
            Third = Third.MultiplyAdd<TTensor>(TileMemory.Load(weights + (2 * Strip)), a, b, c, d),
            Bottom = Bottom.MultiplyAdd<TTensor>(TileMemory.Load(weights + (3 * Strip)), a, b, c, d),
        };
    }
}
