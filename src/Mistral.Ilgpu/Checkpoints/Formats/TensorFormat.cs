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
    Float8,
}
