namespace Mistral.Ilgpu.Checkpoints.Formats;

/// <summary>
/// Everything about one weight format: its names in files, its layout in bytes, conversion from and to float32, and its type in
/// kernels. There is one class for each format; <see cref="FormatDescriptors"/> lists them.
/// </summary>
internal abstract class FormatDescriptor
{
    /// <summary>The name in safetensors and GGUF files: F32, BF16, Q4_K.</summary>
    public abstract string StoredName { get; }

    /// <summary>The name on the command line: f32, bf16, q4_k.</summary>
    public virtual string ShortName => StoredName.ToLowerInvariant();

    /// <summary>ggml's number of the type; null if GGUF files do not support it.</summary>
    public abstract uint? GgufType { get; }

    /// <summary>llama.cpp's <c>general.file_type</c> of a file with most weights in this format.</summary>
    public abstract uint GgufFileType { get; }

    /// <summary>Elements of a block: 1, 32 or 256.</summary>
    public abstract int BlockLength { get; }

    /// <summary>Bytes of a block.</summary>
    public abstract int BlockBytes { get; }

    /// <summary>Whether elements are quantized in blocks.</summary>
    public abstract bool IsQuantized { get; }

    /// <summary>Whether weights can be converted to this format. The others can only be loaded as stored.</summary>
    public virtual bool IsEncodable => true;

    /// <summary>
    /// The largest element of a format whose tensors have a scale (weight = scale × element); null in formats without a scale.
    /// </summary>
    public virtual float? Largest => null;

    /// <summary>The format of the output matrix if weights are converted to this one; null for this one.</summary>
    public virtual TensorFormat? OfLogits => null;

    /// <summary>The format of the embedding if weights are converted to this one; null for this one.</summary>
    public virtual TensorFormat? OfEmbedding => null;

    /// <summary>Decodes whole blocks to float32, bit for bit as ggml's reference does.</summary>
    /// <param name="values">One value for each element of the blocks.</param>
    public abstract void Decode(ReadOnlySpan<byte> blocks, Span<float> values);

    /// <summary>Encodes float32 as whole blocks, rounding to nearest.</summary>
    /// <param name="values">Finite values, a whole number of blocks.</param>
    public virtual void Encode(ReadOnlySpan<float> values, Span<byte> blocks) =>
        throw new NotSupportedException($"{ShortName} cannot be encoded");

    /// <summary>The index of the first element that is not finite, or −1; in a block format that of the block's first
    /// element.</summary>
    public abstract long FirstNotFinite(ReadOnlySpan<byte> blocks);

    /// <summary>The format's type in kernels.</summary>
    public abstract Type KernelType { get; }

    /// <summary>Calls <paramref name="use"/> with the format's type in kernels.</summary>
    public abstract TResult Use<TResult>(IFormatUse<TResult> use);
}
