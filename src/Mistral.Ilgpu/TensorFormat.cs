namespace Mistral.Ilgpu;

/// <summary>
/// The format of a tensor's elements: floating-point numbers, or ggml's blocks of 32 or 256 neighbours in a row.
/// The block formats are those of GGUF files.
/// </summary>
public enum TensorFormat
{
    /// <summary>IEEE 754 binary32, 4 bytes for each element.</summary>
    Float32,
    /// <summary>IEEE 754 binary16, 2 bytes for each element.</summary>
    Float16,
    /// <summary>The upper 16 bits of binary32 (bfloat16), 2 bytes for each element.</summary>
    BFloat16,
    /// <summary>8-bit quants with a scale for each 32: 8.5 bits for each element.</summary>
    Q8_0,
    /// <summary>4-bit quants with a scale for each 32: 4.5 bits for each element.</summary>
    Q4_0,
    /// <summary>4-bit quants with a scale and a minimum for each 32: 5 bits for each element.</summary>
    Q4_1,
    /// <summary>5-bit quants with a scale for each 32: 5.5 bits for each element.</summary>
    Q5_0,
    /// <summary>5-bit quants with a scale and a minimum for each 32: 6 bits for each element.</summary>
    Q5_1,
    /// <summary>2-bit quants with a 4-bit scale and minimum for each 16, blocks of 256: 2.625 bits for each element.</summary>
    Q2_K,
    /// <summary>3-bit quants with a 6-bit scale for each 16, blocks of 256: 3.4375 bits for each element.</summary>
    Q3_K,
    /// <summary>4-bit quants with a 6-bit scale and minimum for each 32, blocks of 256: 4.5 bits for each element.</summary>
    Q4_K,
    /// <summary>5-bit quants with a 6-bit scale and minimum for each 32, blocks of 256: 5.5 bits for each element.</summary>
    Q5_K,
    /// <summary>6-bit quants with an 8-bit scale for each 16, blocks of 256: 6.5625 bits for each element.</summary>
    Q6_K,
    /// <summary>4-bit indices into 16 unevenly spaced values, with a scale for each 32: 4.5 bits for each element.</summary>
    IQ4_NL,
    /// <summary>4-bit indices into 16 unevenly spaced values, with a 6-bit scale for each 32, blocks of 256: 4.25 bits for each
    /// element.</summary>
    IQ4_XS,
    /// <summary>8-bit floats with 4 bits of exponent and 3 of mantissa (E4M3), 1 byte for each element and a scale for each
    /// tensor.</summary>
    Float8,
}
