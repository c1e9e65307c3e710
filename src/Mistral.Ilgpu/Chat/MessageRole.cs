namespace Mistral.Ilgpu.Chat;

/// <summary>Who a message is from.</summary>
public enum MessageRole
{
    /// <summary>What the model is told to be.</summary>
    System,

    /// <summary>The user.</summary>
    User,

    /// <summary>The model.</summary>
    Assistant,

    /// <summary>The result of a function that the model called.</summary>
    Tool,
}
