namespace Mistral.Ilgpu.Tokenization;

/// <summary>
/// Decodes ids to text one at a time. It returns only text that no later id can change, and holds back the bytes of an
/// incomplete character. The returned texts, joined, equal <see cref="TextTokenizer.Decode(IEnumerable{int})"/> of all ids.
/// Not safe for concurrent use. Created by <see cref="TextTokenizer.CreateDecoder"/>.
/// </summary>
public abstract class StreamingDecoder
{
    private protected StreamingDecoder()
    {
    }

    /// <summary>Whether bytes of an incomplete character are held back.</summary>
    public abstract bool IsHoldingBytes { get; }

    /// <summary>Appends an id.</summary>
    /// <param name="id">The next id of the text.</param>
    /// <returns>The text that has become certain; empty if there is none.</returns>
    /// <exception cref="ArgumentOutOfRangeException">The id is not in the vocabulary.</exception>
    public abstract string Append(int id);

    /// <summary>Ends the text. Bytes that are held back become U+FFFD.</summary>
    /// <returns>The rest of the text; empty if there is none.</returns>
    public abstract string Flush();
}
