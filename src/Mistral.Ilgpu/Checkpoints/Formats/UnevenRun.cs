using Mistral.Ilgpu.Kernels;

namespace Mistral.Ilgpu.Checkpoints.Formats;

/// <summary>Runs of 32 weights whose four bits are an index into sixteen unevenly spaced values.</summary>
internal static class UnevenRun
{
    /// <summary>The standard deviation of the values if all have equal probability.</summary>
    public const float Deviation = 67.44f;

    private static ReadOnlySpan<sbyte> Values => [-127, -104, -83, -65, -49, -35, -22, -10, 1, 13, 25, 38, 53, 69, 89, 113];

    public static void Decode(ReadOnlySpan<byte> quants, float scale, Span<float> weights)
    {
        for (int i = 0; i < BlockRun.Half; i++)
        {
            weights[i] = scale * Values[quants[i] & 15];
            weights[i + BlockRun.Half] = scale * Values[quants[i] >> 4];
        }
    }
}
