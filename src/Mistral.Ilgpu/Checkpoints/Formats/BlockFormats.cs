using Mistral.Ilgpu.Kernels;

namespace Mistral.Ilgpu.Checkpoints.Formats;

/// <summary>What is to be done with the type that a quantized format is in kernels.</summary>
internal interface IBlockFormatUse<out TResult>
{
    TResult Of<TFormat>()
        where TFormat : struct, IStripFormat;
}

/// <summary>From a quantized format as a value to the type that it is in kernels.</summary>
internal static class BlockFormats
{
    /// <exception cref="ArgumentOutOfRangeException">The format has no blocks.</exception>
    public static TResult Use<TResult>(TensorFormat format, IBlockFormatUse<TResult> use) => format switch
    {
        TensorFormat.Q8_0 => use.Of<Q8_0>(),
        TensorFormat.Q4_0 => use.Of<Q4_0>(),
        TensorFormat.Q4_1 => use.Of<Q4_1>(),
        TensorFormat.Q5_0 => use.Of<Q5_0>(),
        TensorFormat.Q5_1 => use.Of<Q5_1>(),
        TensorFormat.Q2_K => use.Of<Q2_K>(),
        TensorFormat.Q3_K => use.Of<Q3_K>(),
        TensorFormat.Q4_K => use.Of<Q4_K>(),
        TensorFormat.Q5_K => use.Of<Q5_K>(),
        TensorFormat.Q6_K => use.Of<Q6_K>(),
        TensorFormat.IQ4_NL => use.Of<IQ4_NL>(),
        TensorFormat.IQ4_XS => use.Of<IQ4_XS>(),
        _ => throw new ArgumentOutOfRangeException(nameof(format), format, "has no blocks"),
    };
}
