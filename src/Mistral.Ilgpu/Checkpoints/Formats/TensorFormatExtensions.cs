namespace Mistral.Ilgpu.Checkpoints.Formats;

/// <summary>What is known of a format.</summary>
internal static class TensorFormatExtensions
{
    /// <summary>The formats that weights can be brought to, the most exact first; the others can only be kept.</summary>
    public static IReadOnlyList<TensorFormat> Encodable { get; } =
    [
        TensorFormat.Float32, TensorFormat.BFloat16,
        .. FormatDescriptors.Formats
            .Except([TensorFormat.Float32, TensorFormat.BFloat16])
            .Where(format => format.Descriptor().IsEncodable),
    ];

    /// <summary>Whether elements are quantized in blocks.</summary>
    public static bool IsQuantized(this TensorFormat format) => format.Descriptor().IsQuantized;

    /// <summary>Whether tensors have a scale that weights are multiplied with, see <see cref="FormatDescriptor.Largest"/>.</summary>
    internal static bool HasScale(this TensorFormat format) => format.Descriptor().Largest is not null;

    /// <summary>Elements that are stored together: 1, 32 or 256.</summary>
    public static int BlockLength(this TensorFormat format) => format.Descriptor().BlockLength;

    /// <summary>Bytes that a block takes.</summary>
    public static int BlockBytes(this TensorFormat format) => format.Descriptor().BlockBytes;

    /// <summary>Bytes of one element of a format that is not quantized.</summary>
    public static int BytesPerElement(this TensorFormat format) => format.IsQuantized()
        ? throw new ArgumentOutOfRangeException(nameof(format), format, "an element of a block has no bytes of its own")
        : format.BlockBytes();

    /// <summary>Bytes of so many elements, which must be whole blocks.</summary>
    public static long BytesOf(this TensorFormat format, long elements)
    {
        var descriptor = format.Descriptor();
        return elements / descriptor.BlockLength * descriptor.BlockBytes;
    }

    /// <summary>The short name that the command line uses: f32, f16, bf16, q4_0, q4_k.</summary>
    public static string ShortName(this TensorFormat format) => format.Descriptor().ShortName;

    /// <summary>The format of that <see cref="ShortName"/>, or null.</summary>
    internal static TensorFormat? FromShortName(string name) => FormatDescriptors.Find(format => format.ShortName == name);

    /// <summary>What safetensors and GGUF files call the format: F32, BF16, Q4_K.</summary>
    internal static string StoredName(this TensorFormat format) => format.Descriptor().StoredName;

    /// <summary>The format of that <see cref="StoredName"/>, or null.</summary>
    internal static TensorFormat? FromStoredName(string name) => FormatDescriptors.Find(format => format.StoredName == name);

    /// <summary>Whole blocks to float32.</summary>
    internal static void Decode(this TensorFormat format, ReadOnlySpan<byte> blocks, Span<float> values) =>
        format.Descriptor().Decode(blocks, values);

    /// <summary>Float32 to whole blocks of one of <see cref="Encodable"/>.</summary>
    internal static void Encode(this TensorFormat format, ReadOnlySpan<float> values, Span<byte> blocks) =>
        format.Descriptor().Encode(values, blocks);
}
