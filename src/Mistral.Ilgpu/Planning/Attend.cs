namespace Mistral.Ilgpu.Planning;

/// <summary>
/// Rotates queries and keys to their positions, attends over the rings and the prompts' own keys, and stores those to the rings.
/// Source: arXiv 2310.06825, "sliding window attention", "rolling buffer cache", "pre-fill and chunking".
/// </summary>
/// <param name="Qkv">Queries, keys and values. Queries and keys are rotated in place.</param>
/// <param name="Attended">The output, with heads padded as in <paramref name="Shape"/>.</param>
internal sealed record Attend(
    string Name, ActivationPlan Qkv, KvPlan Cache, ActivationPlan Attended, AttentionShape Shape) : Operation(Name, RowSet.Tokens)
{
    public override ActivationPlan Input => Qkv;

    public override ActivationPlan Output => Attended;

    /// <summary>
    /// Bytes: projections and outputs once, each visible key and value once for each group of heads, and stored ones.
    /// Operations: 3 for each rotated element, and 4 × headDim for each query and visible key.
    /// </summary>
    public override StepCost Cost(Pass pass)
    {
        long visible = 0;
        long keys = 0;
        long stored = 0;
        foreach (var span in pass.Spans)
        {
            for (int token = 0; token < span.TokenCount; token++)
            {
                visible += Math.Min(span.StartPosition + token + 1, Cache.Window);
            }

            // Keys before the window of the span's first query are not read.
            keys += Math.Min(span.StartPosition, Cache.Window - 1) + span.TokenCount;
            stored += Math.Min(span.TokenCount, Cache.RingLength);
        }

        long projected = (long)pass.TokenCount * Shape.QkvColumns;
        long outputs = (long)pass.TokenCount * Shape.AttendedColumns;
        return new StepCost(
            ((projected + outputs) * sizeof(float)) + (2 * (keys + stored) * Cache.Format.BytesOf(Shape.KvColumns)),
            (3 * (projected - ((long)pass.TokenCount * Shape.KvColumns))) + (4 * visible * Shape.AttendedColumns));
    }
}
