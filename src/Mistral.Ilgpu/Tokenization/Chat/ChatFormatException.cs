namespace Mistral.Ilgpu.Tokenization;

/// <summary>A conversation, or its format, is one that the model's chat template does not have.</summary>
public sealed class ChatFormatException(string message) : Exception(message);
