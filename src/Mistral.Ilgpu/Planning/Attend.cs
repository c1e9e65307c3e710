namespace Mistral.Ilgpu.Planning;

/// <summary>
/// Turns queries and keys to their positions, attends over the rings and the prompts' own keys, and rotates those into the rings
/// (arXiv 2310.06825, "sliding window attention", "rolling buffer cache", "pre-fill and chunking").
/// </summary>
/// <param name="Qkv">Queries, keys and values; queries and keys are turned in place.</param>
/// <param name="Attended">What it makes, the heads padded as <paramref name="Shape"/> says.</param>
internal sealed record Attend(
    string Name, ActivationPlan Qkv, KvPlan Cache, ActivationPlan Attended, AttentionShape Shape) : Operation(Name, RowSet.Tokens)
{
    public override ActivationPlan Input => Qkv;

    public override ActivationPlan Output => Attended;

    /// <summary>Whether it writes the output of decoded tokens in eight bits too, for the product that takes it. Fusion
    /// decides.</summary>
    public bool MakesInt8 { get; init; }

    /// <summary>Bytes: the projections once, outputs, each visible key and value once for each group of heads, and those stored.
    /// Operations: 3 per turned element, and 4 × headDim for each query and visible key.</summary>
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

            // Keys outside the reach of the span's first query are never read.
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
