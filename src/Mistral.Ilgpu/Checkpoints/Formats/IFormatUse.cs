using Mistral.Ilgpu.Kernels;

namespace Mistral.Ilgpu.Checkpoints.Formats;

/// <summary>An operation on the type that a format has in kernels. Turns a format as a value into one as a type.</summary>
internal interface IFormatUse<out TResult>
{
    /// <summary>The operation for a format that stores each element by itself.</summary>
    TResult Elements<TFormat, TElement>()
        where TFormat : struct, IWeightFormat<TElement>
        where TElement : unmanaged;

    /// <summary>The operation for a format that is quantized in blocks.</summary>
    TResult Blocks<TFormat>()
        where TFormat : struct, IStripFormat;
}
