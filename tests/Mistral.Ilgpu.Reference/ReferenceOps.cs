namespace Mistral.Ilgpu.Reference;

/// <summary>Each operation of the model in plain float64, written for reading, not for speed.</summary>
internal static class ReferenceOps
{
    /// <summary>y_i = x_i / √(mean of x² + ε) × gain_i (Zhang and Sennrich, arXiv 1910.07467, eq. 4).</summary>
    public static double[] RmsNorm(double[] x, double[] gain, double epsilon)
    {
        double scale = 1 / Math.Sqrt((x.Sum(v => v * v) / x.Length) + epsilon);
        return [.. x.Select((v, i) => v * scale * gain[i])];
    }

    /// <summary>y_r = Σ_c weights[r, c] x_c; weights are rows × x.Length, row by row.</summary>
    public static double[] MatVec(double[] weights, double[] x)
    {
        var y = new double[weights.Length / x.Length];
        for (int row = 0; row < y.Length; row++)
        {
            for (int column = 0; column < x.Length; column++)
            {
                y[row] += weights[(row * x.Length) + column] * x[column];
            }
        }

        return y;
    }

    /// <summary>Turns pairs (2i, 2i + 1) of one head by position × theta^(−2i / headDim) (Su et al., arXiv 2104.09864,
    /// §3.2.2).</summary>
    public static double[] Rope(double[] head, int position, double theta) => Rope(
        head, [.. Enumerable.Range(0, head.Length / 2).Select(pair => position * Math.Pow(theta, -2.0 * pair / head.Length))]);

    /// <summary>Turns pairs (2i, 2i + 1) of one head by an angle each.</summary>
    public static double[] Rope(double[] head, double[] angles)
    {
        var turned = new double[head.Length];
        for (int i = 0; i < head.Length; i += 2)
        {
            double angle = angles[i / 2];
            turned[i] = (head[i] * Math.Cos(angle)) - (head[i + 1] * Math.Sin(angle));
            turned[i + 1] = (head[i] * Math.Sin(angle)) + (head[i + 1] * Math.Cos(angle));
        }

        return turned;
    }

    /// <summary>
    /// One query over the keys p − W + 1 … p of its kv head (Mistral 7B, arXiv 2310.06825, §2), p = keys.Count − 1.
    /// </summary>
    public static double[] Attend(double[] query, IReadOnlyList<double[]> keys, IReadOnlyList<double[]> values, int? window)
    {
        int first = Math.Max(0, keys.Count - (window ?? keys.Count));
        double[] scores = [.. keys.Skip(first).Select(key => Dot(query, key) / Math.Sqrt(query.Length))];
        double max = scores.Max();
        double[] weights = [.. scores.Select(score => Math.Exp(score - max))];
        double sum = weights.Sum();
        var output = new double[query.Length];
        for (int i = 0; i < weights.Length; i++)
        {
            for (int d = 0; d < output.Length; d++)
            {
                output[d] += weights[i] / sum * values[first + i][d];
            }
        }

        return output;
    }

    /// <summary>silu(gate) × up with silu(v) = v / (1 + e^−v) (Shazeer, arXiv 2002.05202, eq. 5).</summary>
    public static double[] SwiGlu(double[] gate, double[] up) => [.. gate.Select((g, i) => g / (1 + Math.Exp(-g)) * up[i])];

    /// <summary>The smallest index of the largest value.</summary>
    public static int ArgMax(IReadOnlyList<double> values) => Enumerable.Range(0, values.Count).MaxBy(i => values[i]);

    public static double[] Add(double[] x, double[] y) => [.. x.Zip(y, (a, b) => a + b)];

    private static double Dot(double[] x, double[] y) => x.Zip(y, (a, b) => a * b).Sum();
}
