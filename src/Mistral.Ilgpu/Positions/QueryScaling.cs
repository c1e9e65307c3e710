namespace Mistral.Ilgpu.Positions;

/// <summary>
/// How Ministral 3 (arXiv 2601.08584), after Llama 4, sharpens attention as texts grow: queries are multiplied by
/// 1 + β · ln(1 + ⌊position / original length⌋) once they are turned.
/// </summary>
/// <example>β 0.1 and length 16384: 1 at position 16383, 1.0693 at 16384, 1.1099 at 32768.</example>
internal sealed record QueryScaling(float Beta, int OriginalLength)
{
    /// <summary>What the queries of a position are multiplied by.</summary>
    public float At(int position) => (float)(1 + (Beta * Math.Log(1 + (position / OriginalLength))));

    /// <summary>The scaling, or null where β is 0 and it changes nothing.</summary>
    internal static QueryScaling? Of(float beta, int originalLength) => beta == 0 ? null : new QueryScaling(beta, originalLength);
}
