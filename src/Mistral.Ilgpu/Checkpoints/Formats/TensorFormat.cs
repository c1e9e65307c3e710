namespace Mistral.Ilgpu.Checkpoints.Formats;

/// <summary>How the elements of a tensor are held: each by itself, or in ggml's blocks of 32 or 256 neighbours in a
/// row.</summary>
public enum TensorFormat
{
    Float32,
    Float16,
    BFloat16,
    Q8_0,
    Q4_0,
    Q4_1,
    Q5_0,
    Q5_1,
    Q2_K,
    Q3_K,
    Q4_K,
    Q5_K,
    Q6_K,
    IQ4_NL,
    IQ4_XS,
}

public static class TensorFormatExtensions
{
    /// <summary>The formats that weights can be brought to; the others can only be kept.</summary>
    public static IReadOnlyList<TensorFormat> Encodable { get; } =
    [
        TensorFormat.Float32, TensorFormat.BFloat16, TensorFormat.Float16, TensorFormat.Q8_0, TensorFormat.Q4_0, TensorFormat.Q4_K, TensorFormat.Q6_K,
    ];

    /// <summary>Whether elements are quantized in blocks.</summary>
    public static bool IsQuantized(this TensorFormat format) => format > TensorFormat.BFloat16;

    /// <summary>Elements that are stored together: 1, 32 or 256.</summary>
    public static int BlockLength(this TensorFormat format) => Shape(format).Length;

    /// <summary>Bytes that a block takes.</summary>
    public static int BlockBytes(this TensorFormat format) => Shape(format).Bytes;

    /// <summary>Bytes of one element of a format that is not quantized.</summary>
    public static int BytesPerElement(this TensorFormat format) => format.IsQuantized()
        ? throw new ArgumentOutOfRangeException(nameof(format), format, "an element of a block has no bytes of its own")
        : format.BlockBytes();

    /// <summary>Bytes of so many elements, which must be whole blocks.</summary>
    public static long BytesOf(this TensorFormat format, long elements) => elements / format.BlockLength() * format.BlockBytes();

    /// <summary>The short name that the command line uses: f32, f16, bf16, q4_0, q4_k.</summary>
    public static string ShortName(this TensorFormat format) => format switch
    {
        TensorFormat.Float32 => "f32",
        TensorFormat.Float16 => "f16",
        TensorFormat.BFloat16 => "bf16",
        _ => format.ToString().ToLowerInvariant(),
    };

    /// <summary>The format of that <see cref="ShortName"/>, or null.</summary>
    internal static TensorFormat? FromShortName(string name) => Find(format => format.ShortName() == name);

    /// <summary>What safetensors and GGUF files call the format: F32, BF16, Q4_K.</summary>
    internal static string StoredName(this TensorFormat format) => format switch
    {
        TensorFormat.Float32 => "F32",
        TensorFormat.Float16 => "F16",
        TensorFormat.BFloat16 => "BF16",
        _ => format.ToString(),
    };

    /// <summary>The format of that <see cref="StoredName"/>, or null.</summary>
    internal static TensorFormat? FromStoredName(string name) => Find(format => format.StoredName() == name);

    /// <summary>Where in a block of a quantized format its 16-bit floats are.</summary>
    internal static IReadOnlyList<int> HalvesAt(this TensorFormat format) => format switch
    {
        TensorFormat.Q4_1 or TensorFormat.Q5_1 or TensorFormat.Q4_K or TensorFormat.Q5_K => [0, 2],
        TensorFormat.Q2_K => [80, 82],
        TensorFormat.Q3_K => [108],
        TensorFormat.Q6_K => [208],
        _ => [0],
    };

    private static TensorFormat? Find(Func<TensorFormat, bool> isIt) =>
        Enum.GetValues<TensorFormat>().Where(isIt).Select(format => (TensorFormat?)format).FirstOrDefault();

    private static (int Length, int Bytes) Shape(TensorFormat format) => format switch
    {
        TensorFormat.Float32 => (1, 4),
        TensorFormat.Float16 or TensorFormat.BFloat16 => (1, 2),
        TensorFormat.Q8_0 => (32, 34),
        TensorFormat.Q4_0 or TensorFormat.IQ4_NL => (32, 18),
        TensorFormat.Q4_1 => (32, 20),
        TensorFormat.Q5_0 => (32, 22),
        TensorFormat.Q5_1 => (32, 24),
        TensorFormat.Q2_K => (256, 84),
        TensorFormat.Q3_K => (256, 110),
        TensorFormat.Q4_K => (256, 144),
        TensorFormat.Q5_K => (256, 176),
        TensorFormat.Q6_K => (256, 210),
        TensorFormat.IQ4_XS => (256, 136),
        _ => throw new ArgumentOutOfRangeException(nameof(format)),
    };
}
