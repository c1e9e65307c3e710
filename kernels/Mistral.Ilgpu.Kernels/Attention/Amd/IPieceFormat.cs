using Mistral.Ilgpu.Kernels.Attention.Waves;
using Mistral.Ilgpu.Kernels.Contract;
using Mistral.Ilgpu.Kernels.Hardware.Amd;

namespace Mistral.Ilgpu.Kernels.Attention.Amd;

/// <summary>How eight neighbours of a cache become 16-bit numbers of a matrix core.</summary>
/// <typeparam name="TBits">What one load brings: eight elements, as they lie.</typeparam>
public interface IPieceFormat<TElement, TBits>
    where TElement : unmanaged
    where TBits : unmanaged
{
    /// <summary>See <see cref="Formats.ICacheFormat{TElement}.IsScaled"/>.</summary>
    static abstract bool IsScaled { get; }

    /// <param name="scales">One for each, where they are scaled.</param>
    static abstract Pack Piece<TCore>(TBits bits, Eight scales)
        where TCore : struct, IRowCore;
}
