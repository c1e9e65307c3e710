using System.Globalization;

namespace Mistral.Ilgpu.Positions;

/// <summary>A number of a rope scaling that makes no sense.</summary>
/// <param name="Name">Its name in config.json.</param>
internal sealed record RopeFault(string Name, double Found, string Expected)
{
    public string FoundText => Found.ToString("R", CultureInfo.InvariantCulture);

    /// <summary>The fault of a factor below 1, which would turn faster than the model learned.</summary>
    public static RopeFault? OfFactor(float factor) =>
        factor >= 1 && float.IsFinite(factor) ? null : new RopeFault("factor", factor, "a number from 1");
}
