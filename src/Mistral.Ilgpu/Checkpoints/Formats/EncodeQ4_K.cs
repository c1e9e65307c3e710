using System.Numerics;

namespace Mistral.Ilgpu.Checkpoints.Formats;

/// <summary>
/// Encodes weights as Q4_K: four-bit quants, a six-bit scale and minimum for each 32, and two 16-bit floats for each 256.
/// </summary>
internal static class EncodeQ4_K
{
    private const int Runs = 8;
    private const int RunLength = 32;
    private const int MostQuant = 15;
    private const int MostScale = 63;

    public static void Encode(ReadOnlySpan<float> weights, Span<byte> block)
    {
        block.Clear();
        Span<float> scales = stackalloc float[Runs];
        Span<float> minima = stackalloc float[Runs];
        float widestScale = 0;
        float widestMinimum = 0;
        for (int run = 0; run < Runs; run++)
        {
            (scales[run], minima[run]) = BestFit(weights.Slice(run * RunLength, RunLength));
            widestScale = MathF.Max(widestScale, scales[run]);
            widestMinimum = MathF.Max(widestMinimum, minima[run]);
        }

        BlockBits.WriteHalf(block, widestScale / MostScale);
        BlockBits.WriteHalf(block[2..], widestMinimum / MostScale);
        float d = BlockBits.ReadHalf(block);
        float min = BlockBits.ReadHalf(block[2..]);
        Span<int> scaleBits = stackalloc int[Runs];
        Span<int> minimumBits = stackalloc int[Runs];
        for (int run = 0; run < Runs; run++)
        {
            scaleBits[run] = SixBits(scales[run], d);
            minimumBits[run] = SixBits(minima[run], min);
            float step = d * scaleBits[run];
            float offset = min * minimumBits[run];
            for (int i = 0; i < RunLength; i++)
            {
                int quant = step == 0 ? 0 : Quant((weights[(run * RunLength) + i] + offset) / step);
                block[16 + (32 * (run / 2)) + i] |= (byte)(quant << (4 * (run % 2)));
            }
        }

        SixBitPairs.Write(block.Slice(4, 12), scaleBits, minimumBits);
    }

    /// <summary>
    /// The scale s ≥ 0 and minimum m ≥ 0 that minimise Σ w (x − (s q − m))² with w = |x| + rms.
    /// Tries quants over spans that are a little narrower or wider than that of the values.
    /// For given quants, s and m are a line fitted by least squares.
    /// </summary>
    private static (float Scale, float Minimum) BestFit(ReadOnlySpan<float> values)
    {
        Span<float> importance = stackalloc float[RunLength];
        float squares = 0;
        float least = 0;
        float most = 0;
        foreach (float value in values)
        {
            squares += value * value;
            least = MathF.Min(least, value);
            most = MathF.Max(most, value);
        }

        // The span includes zero even if all values have one sign, because a minimum cannot be negative.
        if (most - least < 1e-15f)
        {
            return (0, -least);
        }

        float rms = MathF.Sqrt(squares / RunLength);
        for (int i = 0; i < RunLength; i++)
        {
            importance[i] = rms + MathF.Abs(values[i]);
        }

        var best = ((most - least) / MostQuant, -least);
        float bestError = Error(values, importance, best.Item1, best.Item2);
        for (int attempt = -10; attempt <= 10; attempt++)
        {
            var (scale, minimum) = Fit(values, importance, least, (MostQuant + (0.1f * attempt)) / (most - least));
            if (scale <= 0)
            {
                continue;
            }

            float error = Error(values, importance, scale, minimum);
            if (error < bestError)
            {
                (best, bestError) = ((scale, minimum), error);
            }
        }

        return best;
    }

    /// <summary>
    /// Fits a line to the quants (x − <paramref name="least"/>) × <paramref name="inverse"/> by weighted least squares.
    /// </summary>
    private static (
        float Scale, float Minimum) Fit(ReadOnlySpan<float> values, ReadOnlySpan<float> importance, float least, float inverse)
    {
        Vector<float> weights = default, quants = default, squares = default, sums = default, products = default;
        for (int i = 0; i < RunLength; i += Vector<float>.Count)
        {
            var x = new Vector<float>(values[i..]);
            var w = new Vector<float>(importance[i..]);
            var quant = Quants((x - new Vector<float>(least)) * inverse);
            weights += w;
            quants += w * quant;
            squares += w * quant * quant;
            sums += w * x;
            products += w * x * quant;
        }

        var (wsum, wq, wqq, wx, wxq) = (
            Vector.Sum(weights), Vector.Sum(quants), Vector.Sum(squares), Vector.Sum(sums), Vector.Sum(products));
        float determinant = (wsum * wqq) - (wq * wq);
        if (determinant <= 0)
        {
            return (0, 0);
        }

        float offset = ((wqq * wx) - (wq * wxq)) / determinant;
        return offset < 0
            ? (((wsum * wxq) - (wq * wx)) / determinant, -offset)
            : (wxq / wqq, 0);
    }

    private static float Error(ReadOnlySpan<float> values, ReadOnlySpan<float> importance, float scale, float minimum)
    {
        var error = Vector<float>.Zero;
        var offset = new Vector<float>(minimum);
        float inverse = 1 / scale;
        for (int i = 0; i < RunLength; i += Vector<float>.Count)
        {
            var x = new Vector<float>(values[i..]);
            var difference = x - ((Quants((x + offset) * inverse) * scale) - offset);
            error += new Vector<float>(importance[i..]) * difference * difference;
        }

        return Vector.Sum(error);
    }

    private static Vector<float> Quants(Vector<float> scaled) =>
        Vector.Min(Vector.Max(Vector.Round(scaled), Vector<float>.Zero), new Vector<float>(MostQuant));

    private static int SixBits(float value, float unit) =>
        unit == 0 ? 0 : (int)Math.Clamp(MathF.Round(value / unit), 0, MostScale);

    private static int Quant(float scaled) => (int)Math.Clamp(MathF.Round(scaled), 0, MostQuant);
}
