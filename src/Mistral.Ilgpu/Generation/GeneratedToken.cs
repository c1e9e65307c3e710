namespace Mistral.Ilgpu.Generation;

/// <summary>A step of a text as it is generated.</summary>
/// <param name="Id">Null where text that was held back follows the last token.</param>
/// <param name="Text">What is certain now; empty while a character or a stop string may still be under way.</param>
public readonly record struct GeneratedToken(int? Id, string Text);
