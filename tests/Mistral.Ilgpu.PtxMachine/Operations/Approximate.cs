namespace Mistral.Ilgpu.PtxMachine;

/// <summary>
/// Results with about the error that PTX allows its approximations, so that no test relies on a better one. A device's true
/// errors differ, within the same bounds.
/// </summary>
internal static class Approximate
{
    /// <summary>Within 2^-22 of the result: the last two bits of the significand are rounded away.</summary>
    public static float Relative(double exact)
    {
        uint bits = BitConverter.SingleToUInt32Bits((float)exact);
        return float.IsFinite((float)exact) ? BitConverter.UInt32BitsToSingle((bits + 1) & ~3u) : (float)exact;
    }

    /// <summary>Within 2^-21, as sine and cosine are from −π to π.</summary>
    public static float Absolute(double exact) => (float)(Math.Round(exact * (1 << 20)) / (1 << 20));
}
