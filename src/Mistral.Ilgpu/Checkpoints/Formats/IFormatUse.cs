using Mistral.Ilgpu.Kernels;

namespace Mistral.Ilgpu.Checkpoints.Formats;

/// <summary>What is done with the type that a format is in kernels: the way from a format as a value to one as a type.</summary>
internal interface IFormatUse<out TResult>
{
    /// <summary>Of a format whose elements are each held by itself.</summary>
    TResult Elements<TFormat, TElement>()
        where TFormat : struct, IWeightFormat<TElement>
        where TElement : unmanaged;

    /// <summary>Of a format that is quantized in blocks.</summary>
    TResult Blocks<TFormat>()
        where TFormat : struct, IStripFormat;
}
