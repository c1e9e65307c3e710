namespace Mistral.Ilgpu.Checkpoints.Formats;

/// <summary>All that is known of a weight format: what files call it, how its elements lie in bytes, how they become float32 and
/// come from it, and its type in kernels. One class for each format; <see cref="FormatDescriptors"/> lists them.</summary>
internal abstract class FormatDescriptor
{
    /// <summary>What safetensors and GGUF files call it: F32, BF16, Q4_K.</summary>
    public abstract string StoredName { get; }

    /// <summary>What the command line calls it: f32, bf16, q4_k.</summary>
    public virtual string ShortName => StoredName.ToLowerInvariant();

    /// <summary>ggml's number of the type; null where GGUF files do not hold it.</summary>
    public abstract uint? GgufType { get; }

    /// <summary>llama.cpp's number of a file most of whose weights are in it, <c>general.file_type</c>.</summary>
    public abstract uint GgufFileType { get; }

    /// <summary>Elements that are stored together: 1, 32 or 256.</summary>
    public abstract int BlockLength { get; }

    /// <summary>Bytes that those take.</summary>
    public abstract int BlockBytes { get; }

    /// <summary>Whether elements are quantized in blocks.</summary>
    public abstract bool IsQuantized { get; }

    /// <summary>Whether weights can be brought to it; others can only be kept.</summary>
    public virtual bool IsEncodable => true;

    /// <summary>The largest number that an element can hold, of a format whose tensors have a scale that brings their weights
    /// into its range; null where elements stand for themselves.</summary>
    public virtual float? Largest => null;

    /// <summary>The format of the output matrix where weights are brought to this one; null for this one.</summary>
    public virtual TensorFormat? OfLogits => null;

    /// <summary>The format of the embedding where weights are brought to this one; null for this one.</summary>
    public virtual TensorFormat? OfEmbedding => null;

    /// <summary>Whole blocks to float32, bit for bit as ggml's reference does.</summary>
    /// <param name="values">As many as the blocks hold.</param>
    public abstract void Decode(ReadOnlySpan<byte> blocks, Span<float> values);

    /// <summary>Float32 to whole blocks, rounding to nearest.</summary>
    /// <param name="values">Finite, and as many as whole blocks hold.</param>
    public virtual void Encode(ReadOnlySpan<float> values, Span<byte> blocks) =>
        throw new NotSupportedException($"{ShortName} cannot be encoded");

    /// <summary>The index of the first element that is not finite, or −1; of a block its first element.</summary>
    public abstract long FirstNotFinite(ReadOnlySpan<byte> blocks);

    /// <summary>The type that the format is in kernels.</summary>
    public abstract Type KernelType { get; }

    /// <summary>Uses that type.</summary>
    public abstract TResult Use<TResult>(IFormatUse<TResult> use);
}
