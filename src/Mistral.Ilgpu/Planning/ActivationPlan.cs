namespace Mistral.Ilgpu.Planning;

/// <summary>Float32 activations that operations share: <paramref name="Columns"/> for each row of a pass.</summary>
/// <param name="Rows">Every token, or the tokens that need logits.</param>
internal sealed record ActivationPlan(string Name, int Columns, RowSet Rows);
