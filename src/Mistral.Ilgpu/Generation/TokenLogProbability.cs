namespace Mistral.Ilgpu.Generation;

/// <summary>How probable the model finds a token.</summary>
/// <param name="Id">The token.</param>
/// <param name="Value">The natural logarithm of its probability, by the model's own logits: without temperature, filters,
/// penalties and bias.</param>
public readonly record struct TokenLogProbability(int Id, double Value);
