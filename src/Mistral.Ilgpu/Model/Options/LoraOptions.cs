namespace Mistral.Ilgpu.Model.Options;

/// <summary>An adapter to be applied.</summary>
/// <param name="Path">A folder or file of Hugging Face PEFT or of Mistral's own fine-tuning.</param>
/// <param name="Scale">Multiplies the adapter's own scale.</param>
public sealed record LoraOptions(string Path, float Scale = 1);
