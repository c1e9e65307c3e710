namespace Mistral.Ilgpu;

/// <summary>A LoRA adapter to apply to a model, as W + scale × B A for each matrix W that it changes.</summary>
/// <param name="Path">A folder or file of Hugging Face PEFT or of Mistral's own fine-tuning.</param>
/// <param name="Scale">Multiplies the scale that the adapter's files state; 1 keeps it.</param>
public sealed record LoraOptions(string Path, float Scale = 1);
