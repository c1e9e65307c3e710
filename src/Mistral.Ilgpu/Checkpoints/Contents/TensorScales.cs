namespace Mistral.Ilgpu.Checkpoints.Contents;

/// <summary>
/// The scales that safetensors files store beside matrices of a format with a scale (see <see cref="FormatDescriptor.Largest"/>).
/// Each is a tensor of one number, the factor of all weights.
/// </summary>
internal static class TensorScales
{
    private const string Weight = "weight";

    /// <summary>The suffix that Hugging Face's writers use. Despite its name the value is a factor, not an inverse.</summary>
    public const string HuggingFace = "weight_scale_inv";

    // The suffixes of Hugging Face, vLLM and Mistral.
    private static readonly string[] OfWeights = [HuggingFace, "weight_scale", "qscale_weight"];

    // Scales of activations are skipped, because activations are not quantized to eight-bit floats here.
    private static readonly string[] OfActivations = ["activation_scale", "input_scale", "qscale_act"];

    /// <summary>The name of a matrix's scale in Hugging Face's layout.</summary>
    public static string NameFor(string matrix) => Stem(matrix) + HuggingFace;

    /// <summary>
    /// The tensor with its scale. Removes the scales of weights and activations from <paramref name="stored"/>.
    /// </summary>
    /// <exception cref="ModelFileException">The scale is missing or is not one number.</exception>
    public static StoredTensor Take(Dictionary<string, StoredTensor> stored, StoredTensor tensor)
    {
        if (TensorFormatExtensions.FromStoredName(tensor.Type) is not { } format || !format.HasScale()
            || tensor.Source is RandomTensor)
        {
            return tensor;
        }

        string stem = Stem(tensor.Name);
        foreach (string name in OfActivations)
        {
            stored.Remove(stem + name);
        }

        foreach (string name in OfWeights)
        {
            if (stored.Remove(stem + name, out var scale))
            {
                return tensor with { Scale = Read(scale) };
            }
        }

        throw new ModelFileException(
            tensor.Source.Name,
            $"{tensor.Name}: "
            + $"found {tensor.Type} without a scale, expected {string.Join(" or ", OfWeights.Select(name => stem + name))}");
    }

    private static string Stem(string matrix) =>
        matrix.EndsWith("." + Weight, StringComparison.Ordinal) ? matrix[..^Weight.Length] : matrix + ".";

    private static float Read(StoredTensor scale)
    {
        if (TensorFormatExtensions.FromStoredName(scale.Type) is not { } format
            || format.BlockLength() != 1 || format.HasScale())
        {
            throw new ModelFileException(scale.Source.Name, $"{scale.Name}.dtype: found {scale.Type}, expected F32, F16 or BF16");
        }

        if (scale.Shape.Aggregate(1L, (product, size) => product * size) != 1 || scale.Length != format.BlockBytes())
        {
            throw new ModelFileException(
                scale.Source.Name,
                $"{scale.Name}.shape: found [{string.Join(", ", scale.Shape)}], expected one scale for the whole tensor");
        }

        Span<float> value = stackalloc float[1];
        format.Decode(scale.Source.ReadAll(scale.Offset, format.BlockBytes()), value);
        return float.IsFinite(value[0]) && value[0] > 0 ? value[0] : throw new ModelFileException(
            scale.Source.Name, FormattableString.Invariant($"{scale.Name}: found {value[0]}, expected a positive number"));
    }
}
