namespace Mistral.Ilgpu.Diagnostics.Inspection;

/// <summary>Instructions that run one after the other.</summary>
/// <param name="Label">Its name, such as BB0_9.</param>
/// <param name="Loop">The label that begins the innermost loop around it; null outside of loops.</param>
/// <param name="Depth">How many loops are around it.</param>
internal sealed record AmdBlock(string Label, string? Loop, int Depth, IReadOnlyList<AmdInstruction> Instructions)
{
    /// <summary>The blocks that may run next, by their place in the program.</summary>
    public IReadOnlyList<int> Next { get; init; } = [];
}
