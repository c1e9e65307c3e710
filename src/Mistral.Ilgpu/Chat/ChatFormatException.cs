namespace Mistral.Ilgpu.Chat;

/// <summary>A conversation is not one that the model's chat format has. The message is one line that says what was found
/// and what was expected.</summary>
/// <param name="message">What was found, and what was expected.</param>
public sealed class ChatFormatException(string message) : Exception(OneLine(message))
{
    // Names and values quoted from a conversation may hold line breaks.
    private static string OneLine(string message) => message.ReplaceLineEndings(" ");
}
