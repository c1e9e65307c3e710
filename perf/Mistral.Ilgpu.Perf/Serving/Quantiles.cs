using System.Globalization;

namespace Mistral.Ilgpu.Perf.Serving;

/// <summary>Quantiles of values.</summary>
internal sealed class Quantiles
{
    private static readonly double[] Parts = [0.5, 0.95, 0.99];
    private readonly double[] _sorted;

    public Quantiles(double[] values) => _sorted = [.. values.Order()];

    /// <summary>The smallest value that so many of all are at most.</summary>
    public double At(double part) => _sorted.Length == 0
        ? double.NaN
        : _sorted[Math.Clamp((int)Math.Ceiling(part * _sorted.Length) - 1, 0, _sorted.Length - 1)];

    /// <summary>The median, and what 95 and 99 of 100 values are at most.</summary>
    public override string ToString()
    {
        string format = At(0.5) < 10 ? "F1" : "F0";
        return string.Join(" / ", Parts.Select(part => At(part).ToString(format, CultureInfo.InvariantCulture)));
    }
}
