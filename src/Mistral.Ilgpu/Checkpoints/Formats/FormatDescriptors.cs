namespace Mistral.Ilgpu.Checkpoints.Formats;

/// <summary>The descriptor of each format.</summary>
internal static class FormatDescriptors
{
    private static readonly Dictionary<TensorFormat, FormatDescriptor> All = new()
    {
        [TensorFormat.Float32] = new Float32Descriptor(),
        [TensorFormat.Float16] = new Float16Descriptor(),
        [TensorFormat.BFloat16] = new BFloat16Descriptor(),
        [TensorFormat.Q8_0] = new Q8_0Descriptor(),
        [TensorFormat.Q4_0] = new Q4_0Descriptor(),
        [TensorFormat.Q4_1] = new Q4_1Descriptor(),
        [TensorFormat.Q5_0] = new Q5_0Descriptor(),
        [TensorFormat.Q5_1] = new Q5_1Descriptor(),
        [TensorFormat.Q2_K] = new Q2_KDescriptor(),
        [TensorFormat.Q3_K] = new Q3_KDescriptor(),
        [TensorFormat.Q4_K] = new Q4_KDescriptor(),
        [TensorFormat.Q5_K] = new Q5_KDescriptor(),
        [TensorFormat.Q6_K] = new Q6_KDescriptor(),
        [TensorFormat.IQ4_NL] = new IQ4_NLDescriptor(),
        [TensorFormat.IQ4_XS] = new IQ4_XSDescriptor(),
        [TensorFormat.Float8] = new Float8Descriptor(),
    };

    /// <summary>All formats, in the order of the enumeration.</summary>
    public static IEnumerable<TensorFormat> Formats => All.Keys;

    /// <summary>The types of all formats in kernels.</summary>
    public static IEnumerable<Type> KernelTypes => All.Values.Select(descriptor => descriptor.KernelType);

    /// <exception cref="ArgumentOutOfRangeException">The format is unknown.</exception>
    public static FormatDescriptor Descriptor(this TensorFormat format) => All.TryGetValue(format, out var descriptor)
        ? descriptor
        : throw new ArgumentOutOfRangeException(nameof(format), format, "no format");

    /// <exception cref="ArgumentOutOfRangeException">The format has no blocks.</exception>
    public static BlockDescriptor Blocks(this TensorFormat format) => format.Descriptor() as BlockDescriptor
        ?? throw new ArgumentOutOfRangeException(nameof(format), format, "has no blocks");

    /// <summary>The first format for which a condition holds, or null.</summary>
    public static TensorFormat? Find(Func<FormatDescriptor, bool> holds) =>
        All.Where(pair => holds(pair.Value)).Select(pair => (TensorFormat?)pair.Key).FirstOrDefault();
}
