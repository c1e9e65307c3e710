namespace Mistral.Ilgpu.Diagnostics.Inspection;

/// <summary>A view of a form's struct.</summary>
/// <param name="Path">The fields that lead to it, such as Weights and Quants.</param>
internal sealed record KernelView(IReadOnlyList<string> Path)
{
    // The fields that hold what a token needs all of: weights, and the keys and values of its text.
    private static readonly string[] Streamed = ["Weights", "Ring", "Fresh"];

    /// <summary>Whether it holds weights, or cached keys and values.</summary>
    public bool IsStreamed => Streamed.Intersect(Path).Any();
}
