namespace Mistral.Ilgpu.Checkpoints;

/// <summary>How the elements of a tensor are held.</summary>
public enum TensorFormat
{
    Float32,
    Float16,
    BFloat16,
}

public static class TensorFormatExtensions
{
    public static int BytesPerElement(this TensorFormat format) => format == TensorFormat.Float32 ? 4 : 2;

    /// <summary>The short name that the command line uses: f32, f16, bf16.</summary>
    public static string ShortName(this TensorFormat format) => format switch
    {
        TensorFormat.Float32 => "f32",
        TensorFormat.Float16 => "f16",
        _ => "bf16",
    };
}
