using System.Numerics;

namespace Mistral.Ilgpu.Checkpoints.Formats;

/// <summary>
/// Encodes weights as Q6_K: six-bit quants, an eight-bit scale for each 16, and a 16-bit float for each 256.
/// </summary>
internal static class EncodeQ6_K
{
    private const int Parts = 16;
    private const int PartLength = 16;
    private const int Least = -32;
    private const int Most = 31;

    public static void Encode(ReadOnlySpan<float> weights, Span<byte> block)
    {
        block.Clear();
        Span<float> scales = stackalloc float[Parts];
        float widest = 0;
        for (int part = 0; part < Parts; part++)
        {
            scales[part] = BestScale(weights.Slice(part * PartLength, PartLength));
            widest = MathF.Abs(scales[part]) > MathF.Abs(widest) ? scales[part] : widest;
        }

        // The scale of the largest magnitude becomes -128, whatever its sign, because there is no +128.
        BlockBits.WriteHalf(block[208..], widest / -128);
        float d = BlockBits.ReadHalf(block[208..]);
        if (d == 0)
        {
            return;
        }

        for (int part = 0; part < Parts; part++)
        {
            int scale = (int)Math.Clamp(MathF.Round(scales[part] / d), -128, 127);
            block[192 + part] = (byte)(sbyte)scale;
            float step = d * scale;
            for (int i = 0; i < PartLength; i++)
            {
                int quant = step == 0 ? -Least : Quant(weights[(part * PartLength) + i] / step) - Least;
                Put(block, part / 2, (PartLength * (part % 2)) + i, quant);
            }
        }
    }

    /// <summary>Stores a quant. Two runs share 32 bytes of lower four bits, four runs 32 bytes of upper two bits.</summary>
    private static void Put(Span<byte> block, int run, int within, int quant)
    {
        int half = run / 4;
        block[(64 * half) + (32 * (run % 2)) + within] |= (byte)((quant & 15) << (4 * (run / 2 % 2)));
        block[128 + (32 * half) + within] |= (byte)(quant >> 4 << (2 * (run % 4)));
    }

    /// <summary>
    /// The scale s that minimises Σ x² (x − s q)² over quants q = round(x / s'), for s' near the one that spans the values.
    /// For given quants, s = Σ x² x q / Σ x² q², and the error falls by (Σ x² x q)² / Σ x² q².
    /// </summary>
    private static float BestScale(ReadOnlySpan<float> values)
    {
        float widest = 0;
        foreach (float value in values)
        {
            widest = MathF.Abs(value) > MathF.Abs(widest) ? value : widest;
        }

        if (MathF.Abs(widest) < 1e-15f)
        {
            return 0;
        }

        const int Tries = 9;
        float bestScale = 0;
        float bestGain = -1;
        for (int attempt = -Tries; attempt <= Tries; attempt++)
        {
            float inverse = (Least + (0.1f * attempt)) / widest;
            Vector<float> productLanes = default, squareLanes = default;
            for (int i = 0; i < PartLength; i += Vector<float>.Count)
            {
                var x = new Vector<float>(values[i..]);
                var quant = Vector.Min(Vector.Max(Vector.Round(x * inverse), new Vector<float>(Least)), new Vector<float>(Most));
                productLanes += x * x * x * quant;
                squareLanes += x * x * quant * quant;
            }

            float products = Vector.Sum(productLanes);
            float squares = Vector.Sum(squareLanes);
            if (squares > 0 && products * products > bestGain * squares)
            {
                bestScale = products / squares;
                bestGain = products * bestScale;
            }
        }

        return bestScale != 0 ? bestScale : widest / Least;
    }

    private static int Quant(float scaled) => (int)Math.Clamp(MathF.Round(scaled), Least, Most);
}
