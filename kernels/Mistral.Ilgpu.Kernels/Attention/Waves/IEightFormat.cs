using ILGPU;
using Mistral.Ilgpu.Kernels.Contract;

namespace Mistral.Ilgpu.Kernels.Attention.Waves;

/// <summary>How a cache is read eight elements at a time.</summary>
/// <typeparam name="TBits">What one load brings: eight elements, as they lie.</typeparam>
public interface IEightFormat<TElement, TBits>
    where TElement : unmanaged
    where TBits : unmanaged
{
    /// <summary>See <see cref="Formats.ICacheFormat{TElement}.IsScaled"/>.</summary>
    static abstract bool IsScaled { get; }

    /// <summary>Without the scale of their run.</summary>
    static abstract Eight Decode(TBits bits);

    static abstract float Decode(TElement bits);

    /// <summary>Rounds to nearest.</summary>
    static abstract TElement Encode(float value);
}
