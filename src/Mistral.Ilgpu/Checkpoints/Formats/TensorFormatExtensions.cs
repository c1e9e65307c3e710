namespace Mistral.Ilgpu.Checkpoints.Formats;

/// <summary>Properties of formats.</summary>
internal static class TensorFormatExtensions
{
    /// <summary>The formats that weights can be converted to, the most exact first. The others can only be loaded as
    /// stored.</summary>
    public static IReadOnlyList<TensorFormat> Encodable { get; } =
    [
        TensorFormat.Float32, TensorFormat.BFloat16,
        .. FormatDescriptors.Formats
            .Except([TensorFormat.Float32, TensorFormat.BFloat16])
            .Where(format => format.Descriptor().IsEncodable),
    ];

    /// <summary>Whether elements are quantized in blocks.</summary>
    public static bool IsQuantized(this TensorFormat format) => format.Descriptor().IsQuantized;

    /// <summary>Whether tensors have a scale: weight = scale × element (see <see cref="FormatDescriptor.Largest"/>).</summary>
    internal static bool HasScale(this TensorFormat format) => format.Descriptor().Largest is not null;

    /// <summary>Elements of a block: 1, 32 or 256.</summary>
    public static int BlockLength(this TensorFormat format) => format.Descriptor().BlockLength;

    /// <summary>Bytes of a block.</summary>
    public static int BlockBytes(this TensorFormat format) => format.Descriptor().BlockBytes;

    /// <summary>Bytes of one element of a format that is not quantized.</summary>
    public static int BytesPerElement(this TensorFormat format) => format.IsQuantized()
        ? throw new ArgumentOutOfRangeException(nameof(format), format, "an element of a block has no bytes of its own")
        : format.BlockBytes();

    /// <summary>Bytes of <paramref name="elements"/> elements, which must be whole blocks.</summary>
    public static long BytesOf(this TensorFormat format, long elements)
    {
        var descriptor = format.Descriptor();
        return elements / descriptor.BlockLength * descriptor.BlockBytes;
    }

    /// <summary>The name on the command line: f32, f16, bf16, q4_0, q4_k.</summary>
    public static string ShortName(this TensorFormat format) => format.Descriptor().ShortName;

    /// <summary>The format with that <see cref="ShortName"/>, or null.</summary>
    internal static TensorFormat? FromShortName(string name) => FormatDescriptors.Find(format => format.ShortName == name);

    /// <summary>The name in safetensors and GGUF files: F32, BF16, Q4_K.</summary>
    internal static string StoredName(this TensorFormat format) => format.Descriptor().StoredName;

    /// <summary>The format with that <see cref="StoredName"/>, or null.</summary>
    internal static TensorFormat? FromStoredName(string name) => FormatDescriptors.Find(format => format.StoredName == name);

    /// <summary>Decodes whole blocks to float32.</summary>
    internal static void Decode(this TensorFormat format, ReadOnlySpan<byte> blocks, Span<float> values) =>
        format.Descriptor().Decode(blocks, values);

    /// <summary>Encodes float32 as whole blocks of one of <see cref="Encodable"/>.</summary>
    internal static void Encode(this TensorFormat format, ReadOnlySpan<float> values, Span<byte> blocks) =>
        format.Descriptor().Encode(values, blocks);
}
