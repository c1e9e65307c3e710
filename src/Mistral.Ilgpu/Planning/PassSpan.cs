namespace Mistral.Ilgpu.Planning;

/// <summary>The tokens of one sequence in a pass.</summary>
/// <param name="StartPosition">Absolute position of the first token.</param>
/// <param name="TokenCount">The number of tokens.</param>
internal readonly record struct PassSpan(int StartPosition, int TokenCount);
