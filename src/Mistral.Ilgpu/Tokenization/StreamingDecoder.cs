namespace Mistral.Ilgpu.Tokenization;

/// <summary>
/// Turns ids into text one at a time and returns only text that no later id can change: the bytes of a character are
/// held back until it is whole. All that it returned, joined, equals the decoding of all ids at once. For one thread.
/// </summary>
public abstract class StreamingDecoder
{
    /// <summary>Whether bytes of a character not yet whole are held back.</summary>
    public abstract bool IsHoldingBytes { get; }

    /// <summary>The text that is certain now that <paramref name="id"/> follows.</summary>
    /// <exception cref="ArgumentOutOfRangeException">The id is not in the vocabulary.</exception>
    public abstract string Append(int id);

    /// <summary>Ends the text: bytes still held back become U+FFFD.</summary>
    public abstract string Flush();
}
