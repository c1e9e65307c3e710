namespace Mistral.Ilgpu.Chat;

/// <summary>A conversation is not one that the model's chat format has. The message is one line that says what was found
/// and what was expected.</summary>
public sealed class ChatFormatException : MistralException
{
    internal ChatFormatException(string message)
        : base(OneLine(message))
    {
    }

    /// <summary>The part of a request that is wrong.</summary>
    internal string Field { get; init; } = "messages";

    // Names and values quoted from a conversation may hold line breaks.
    private static string OneLine(string message) => message.ReplaceLineEndings(" ");
}
