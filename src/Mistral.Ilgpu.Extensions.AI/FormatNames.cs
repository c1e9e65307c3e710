namespace Mistral.Ilgpu.Extensions.AI;

/// <summary>The names of formats on the command line and in configurations.</summary>
internal static class FormatNames
{
    /// <summary>The format of a name such as <c>bf16</c> or <c>q4_k</c>, in any case; null where there is none.</summary>
    public static TensorFormat? Find(string name) => name.ToLowerInvariant() switch
    {
        "f32" => TensorFormat.Float32,
        "f16" => TensorFormat.Float16,
        "bf16" => TensorFormat.BFloat16,
        "fp8" => TensorFormat.Float8,
        // Names of quantized formats are those of the type. Numbers are no names, though the parser takes them.
        ['q' or 'i', ..] lower when Enum.TryParse(lower, ignoreCase: true, out TensorFormat format) => format,
        _ => null,
    };
}
