namespace Mistral.Ilgpu.Planning;

/// <summary>Activations in float32 that operations share: <paramref name="Columns"/> for each row of a pass.</summary>
/// <param name="Rows">Every token, or the tokens whose logits are wanted.</param>
internal sealed record ActivationPlan(string Name, int Columns, RowSet Rows);
