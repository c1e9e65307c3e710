using Xunit;

namespace Mistral.Ilgpu.Kernels.Tests;

/// <summary>The two rules of tolerance.</summary>
public static class Closeness
{
    /// <summary>|actual − expected| ≤ absolute + |expected| × relative, element by element.</summary>
    public static void AssertClose(double[] expected, float[] actual, double absolute = 1e-6, double relative = 1e-5)
    {
        Assert.Equal(expected.Length, actual.Length);
        for (int i = 0; i < expected.Length; i++)
        {
            double difference = Math.Abs(actual[i] - expected[i]);
            Assert.True(
                difference <= absolute + (Math.Abs(expected[i]) * relative),
                $"element {i}: expected {expected[i]:g9}, found {actual[i]:g9}");
        }
    }

    /// <summary>
    /// The root mean square error against float64 is at most twice that of a naive float32 computation. Or it is below two
    /// roundings of the largest sum of magnitudes. With few elements the naive one may be right by luck.
    /// </summary>
    /// <param name="magnitude">The largest Σ|terms| of an element.</param>
    public static void AssertAsGoodAsNaive(double[] expected, float[] naive, float[] actual, double magnitude)
    {
        Assert.Equal(expected.Length, actual.Length);
        double allowed = Math.Max(2 * Error(expected, naive), magnitude * 1.2e-7);
        double found = Error(expected, actual);
        Assert.True(found <= allowed, $"rms error {found:g4}, allowed {allowed:g4}");
    }

    private static double Error(double[] expected, float[] actual) => Rms([.. expected.Select((e, i) => actual[i] - e)]);

    private static double Rms(double[] values) => Math.Sqrt(values.Sum(v => v * v) / values.Length);
}
