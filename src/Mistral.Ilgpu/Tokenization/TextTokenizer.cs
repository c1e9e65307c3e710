using System.Buffers;
using System.Text;
using Microsoft.ML.Tokenizers;

namespace Mistral.Ilgpu.Tokenization;

/// <summary>
/// A model's tokenizer: SentencePiece or byte-level BPE. Encoding and decoding give the ids and texts of the reference
/// implementations. Encoding adds no control tokens and finds none in a text; <see cref="FindControl"/> returns their ids.
/// Safe for concurrent use.
/// </summary>
/// <remarks>
/// The methods of the base class encode: <c>EncodeToIds</c>, <c>EncodeToTokens</c>, <c>CountTokens</c>. Where they limit the
/// number of tokens, they do not split a character.
/// </remarks>
public abstract class TextTokenizer : Tokenizer
{
    private protected TextTokenizer()
    {
    }

    /// <summary>The number of ids. Valid ids are at least 0 and less than this.</summary>
    public abstract int VocabularySize { get; }

    /// <summary>The id of the control token that starts a text; -1 if the vocabulary has none.</summary>
    public abstract int BosId { get; }

    /// <summary>The id of the control token that ends a text; -1 if the vocabulary has none.</summary>
    public abstract int EosId { get; }

    /// <summary>The version of mistral-common that the file names, such as <c>v3</c>; null if it names none.</summary>
    internal virtual string? DeclaredVersion => null;

    /// <summary>The reasoning efforts that a conversation may ask for; null where the tokenizer states none.</summary>
    internal virtual ReasoningEfforts? ReasoningEfforts => null;

    /// <summary>Whether a text's first token loses the space that it begins with.</summary>
    internal virtual bool DropsFirstSpace => false;

    /// <summary>The bytes that a token adds to a text that goes on; null for control tokens and those that stand for no
    /// text.</summary>
    internal abstract byte[]? TextBytesOf(int id);

    /// <summary>
    /// The vocabulary's entry for an id. It may differ from the text, as in <c>▁the</c>, <c>&lt;0x0A&gt;</c> and <c>[INST]</c>.
    /// </summary>
    /// <param name="id">An id of the vocabulary.</param>
    /// <returns>The entry.</returns>
    /// <exception cref="ArgumentOutOfRangeException">The id is not in the vocabulary.</exception>
    public abstract string IdToPiece(int id);

    /// <summary>Whether an id is a control token, such as the start of a text. Control tokens decode to no text.</summary>
    /// <param name="id">An id of the vocabulary.</param>
    /// <returns>Whether it is a control token.</returns>
    /// <exception cref="ArgumentOutOfRangeException">The id is not in the vocabulary.</exception>
    public abstract bool IsControl(int id);

    /// <summary>Finds a control token by its entry in the vocabulary.</summary>
    /// <param name="piece">The entry, such as <c>[INST]</c>.</param>
    /// <returns>The id, or -1 if there is no such control token.</returns>
    public abstract int FindControl(string piece);

    /// <summary>Creates a decoder that takes ids one at a time, to show text while it is generated.</summary>
    /// <param name="isContinuation">
    /// Whether the ids continue a prompt or a text that is already decoded. A leading space of the first id is then kept.
    /// </param>
    /// <returns>A new decoder, independent of others.</returns>
    public abstract StreamingDecoder CreateDecoder(bool isContinuation = false);

    /// <summary>Decodes ids to text. Control tokens give no text, and bytes that are not valid UTF-8 become U+FFFD.</summary>
    /// <param name="ids">Ids of the vocabulary, from the start of a text.</param>
    /// <returns>The text.</returns>
    /// <exception cref="ArgumentNullException"><paramref name="ids"/> is null.</exception>
    /// <exception cref="ArgumentOutOfRangeException">An id is not in the vocabulary.</exception>
    public override string Decode(IEnumerable<int> ids)
    {
        ArgumentNullException.ThrowIfNull(ids);
        var decoder = CreateDecoder();
        var text = new StringBuilder();
        foreach (var id in ids) text.Append(decoder.Append(id));
        return text.Append(decoder.Flush()).ToString();
    }

    /// <summary>Decodes ids to a buffer, as many as it has space for.</summary>
    /// <param name="ids">Ids of the vocabulary, from the start of a text.</param>
    /// <param name="destination">Receives the text.</param>
    /// <param name="idsConsumed">Ids whose text is completely in <paramref name="destination"/>.</param>
    /// <param name="charsWritten">UTF-16 units written.</param>
    /// <returns>
    /// <see cref="OperationStatus.Done"/>, <see cref="OperationStatus.DestinationTooSmall"/>, or
    /// <see cref="OperationStatus.InvalidData"/> if an id is not in the vocabulary.
    /// </returns>
    /// <exception cref="ArgumentNullException"><paramref name="ids"/> is null.</exception>
    public override OperationStatus Decode(
        IEnumerable<int> ids,
        Span<char> destination,
        out int idsConsumed,
        out int charsWritten)
    {
        ArgumentNullException.ThrowIfNull(ids);
        var decoder = CreateDecoder();
        (idsConsumed, charsWritten) = (0, 0);
        var seen = 0;
        foreach (var id in ids)
        {
            if ((uint)id >= (uint)VocabularySize) return OperationStatus.InvalidData;
            var text = decoder.Append(id);
            if (!text.TryCopyTo(destination[charsWritten..])) return OperationStatus.DestinationTooSmall;
            charsWritten += text.Length;
            seen++;
            if (!decoder.IsHoldingBytes) idsConsumed = seen;
        }

        var rest = decoder.Flush();
        if (!rest.TryCopyTo(destination[charsWritten..])) return OperationStatus.DestinationTooSmall;
        charsWritten += rest.Length;
        idsConsumed = seen;
        return OperationStatus.Done;
    }

    /// <inheritdoc/>
    protected override EncodeResults<int> EncodeToIds(string? text, ReadOnlySpan<char> textSpan, EncodeSettings settings)
    {
        var span = text ?? textSpan;
        var tokens = Encode(span, settings);
        var count = FitFromStart(tokens, settings.MaxTokenCount);
        var ids = new int[count];
        for (var i = 0; i < count; i++) ids[i] = tokens[i].Id;
        return new EncodeResults<int> { Tokens = ids, CharsConsumed = EndOf(tokens, count, span.Length) };
    }

    /// <inheritdoc/>
    /// <remarks>
    /// Offsets refer to the original text. An added leading space has no width. If a character is split into several tokens,
    /// its offset belongs to the last of them.
    /// </remarks>
    protected override EncodeResults<EncodedToken> EncodeToTokens(
        string? text,
        ReadOnlySpan<char> textSpan,
        EncodeSettings settings)
    {
        var span = text ?? textSpan;
        var tokens = Encode(span, settings);
        var count = FitFromStart(tokens, settings.MaxTokenCount);
        var encoded = new EncodedToken[count];
        for (var i = 0; i < count; i++) encoded[i] = new EncodedToken(tokens[i].Id, IdToPiece(tokens[i].Id), tokens[i].Offset);
        return new EncodeResults<EncodedToken> { Tokens = encoded, CharsConsumed = EndOf(tokens, count, span.Length) };
    }

    /// <inheritdoc/>
    protected override int CountTokens(string? text, ReadOnlySpan<char> textSpan, EncodeSettings settings) =>
        FitFromStart(Encode(text ?? textSpan, settings), settings.MaxTokenCount);

    /// <inheritdoc/>
    protected override int GetIndexByTokenCount(
        string? text,
        ReadOnlySpan<char> textSpan,
        EncodeSettings settings,
        bool fromEnd,
        out string? normalizedText,
        out int tokenCount)
    {
        normalizedText = null;
        var span = text ?? textSpan;
        var tokens = Encode(span, settings);
        if (!fromEnd)
        {
            tokenCount = FitFromStart(tokens, settings.MaxTokenCount);
            return EndOf(tokens, tokenCount, span.Length);
        }

        var first = Math.Max(0, tokens.Count - settings.MaxTokenCount);
        while (first > 0 && first < tokens.Count && !tokens[first - 1].EndsCharacter) first++;
        tokenCount = tokens.Count - first;
        return first == tokens.Count ? span.Length : first == 0 ? 0 : tokens[first].Offset.Start.Value;
    }

    /// <summary>The tokens of a text, in order.</summary>
    private protected abstract List<Token> Encode(ReadOnlySpan<char> text, EncodeSettings settings);

    private protected int RequireId(int id)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(id);
        ArgumentOutOfRangeException.ThrowIfGreaterThanOrEqual(id, VocabularySize);
        return id;
    }

    private static int FitFromStart(List<Token> tokens, int limit)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(limit);
        var count = Math.Min(tokens.Count, limit);
        while (count > 0 && !tokens[count - 1].EndsCharacter) count--;
        return count;
    }

    private static int EndOf(List<Token> tokens, int count, int textLength) =>
        count == tokens.Count ? textLength : count == 0 ? 0 : tokens[count - 1].Offset.End.Value;

    /// <param name="Offset">The characters that the token completes.</param>
    /// <param name="EndsCharacter">Whether a character ends with the token, so that a text may be cut after it.</param>
    private protected readonly record struct Token(int Id, Range Offset, bool EndsCharacter = true);
}
