namespace Mistral.Ilgpu;

/// <summary>The base of the errors that a caller can correct: a file, a device, an option, a length, the load. The message is one
/// line for people.</summary>
public abstract class MistralException : Exception
{
    private protected MistralException(string message, Exception? cause = null)
        : base(message, cause)
    {
    }
}
