using System.Globalization;

namespace Mistral.Ilgpu.Positions;

/// <summary>An invalid number of a rope scaling.</summary>
/// <param name="Name">Its name in config.json.</param>
/// <param name="Found">The number.</param>
/// <param name="Expected">The numbers that are valid, for people.</param>
internal sealed record RopeFault(string Name, double Found, string Expected)
{
    public string FoundText => Found.ToString("R", CultureInfo.InvariantCulture);

    /// <summary>The fault of a factor below 1, because it would increase frequencies above those of the training.</summary>
    public static RopeFault? OfFactor(float factor) =>
        factor >= 1 && float.IsFinite(factor) ? null : new RopeFault("factor", factor, "a number from 1");
}
