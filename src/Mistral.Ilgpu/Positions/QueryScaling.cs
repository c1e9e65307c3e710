namespace Mistral.Ilgpu.Positions;

/// <summary>
/// The scaling of queries of Ministral 3 (arXiv 2601.08584), after Llama 4. It sharpens attention in long texts.
/// Rotated queries are multiplied by 1 + β · ln(1 + ⌊position / original length⌋).
/// </summary>
/// <example>β 0.1 and length 16384: 1 at position 16383, 1.0693 at 16384, 1.1099 at 32768.</example>
internal sealed record QueryScaling(float Beta, int OriginalLength)
{
    /// <summary>The factor of the queries at a position.</summary>
    public float At(int position) => (float)(1 + (Beta * Math.Log(1 + (position / OriginalLength))));

    /// <summary>The scaling; null if β is 0, because it then changes nothing.</summary>
    internal static QueryScaling? Of(float beta, int originalLength) => beta == 0 ? null : new QueryScaling(beta, originalLength);
}
