namespace Mistral.Ilgpu.Planning;

/// <summary>A sequence's tokens in a pass.</summary>
/// <param name="StartPosition">Absolute position of the first.</param>
internal readonly record struct PassSpan(int StartPosition, int TokenCount);
