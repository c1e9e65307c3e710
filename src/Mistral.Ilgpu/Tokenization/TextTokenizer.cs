using System.Buffers;
using System.Text;
using Microsoft.ML.Tokenizers;

namespace Mistral.Ilgpu.Tokenization;

/// <summary>
/// A model's tokenizer: what every kind of vocabulary has in common. Encoding treats text as text; control tokens are only
/// ever found by <see cref="FindControl"/>. Safe for concurrent use.
/// </summary>
public abstract class TextTokenizer : Tokenizer
{
    /// <summary>Ids go from 0 up to this.</summary>
    public abstract int VocabularySize { get; }

    /// <summary>Starts a text; -1 where the vocabulary has none.</summary>
    public abstract int BosId { get; }

    /// <summary>Ends a text; -1 where the vocabulary has none.</summary>
    public abstract int EosId { get; }

    /// <summary>The version of mistral-common that the file names, such as <c>v3</c>; null where a file names none.</summary>
    public virtual string? DeclaredVersion => null;

    /// <summary>The reasoning efforts that a conversation may ask for; null where the tokenizer states none.</summary>
    internal virtual ReasoningEfforts? ReasoningEfforts => null;

    /// <summary>What stands for the id in the vocabulary.</summary>
    /// <exception cref="ArgumentOutOfRangeException">The id is not in the vocabulary.</exception>
    public abstract string IdToPiece(int id);

    /// <summary>Whether the id stands for no text, as the start and the end of a text do.</summary>
    public abstract bool IsControl(int id);

    /// <summary>The id of a control token such as <c>[INST]</c>, or -1.</summary>
    public abstract int FindControl(string piece);

    /// <param name="isContinuation">
    /// Whether the ids continue a text already decoded or a prompt, so that the first one's leading space is part of the text.
    /// </param>
    public abstract StreamingDecoder CreateDecoder(bool isContinuation = false);

    public override string Decode(IEnumerable<int> ids)
    {
        ArgumentNullException.ThrowIfNull(ids);
        var decoder = CreateDecoder();
        var text = new StringBuilder();
        foreach (var id in ids) text.Append(decoder.Append(id));
        return text.Append(decoder.Flush()).ToString();
    }

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

    protected override EncodeResults<int> EncodeToIds(string? text, ReadOnlySpan<char> textSpan, EncodeSettings settings)
    {
        var span = text ?? textSpan;
        var tokens = Encode(span, settings);
        var count = FitFromStart(tokens, settings.MaxTokenCount);
        var ids = new int[count];
        for (var i = 0; i < count; i++) ids[i] = tokens[i].Id;
        return new EncodeResults<int> { Tokens = ids, CharsConsumed = EndOf(tokens, count, span.Length) };
    }

    /// <remarks>
    /// Offsets are into the original text: the added leading space has no width, and of a character split into bytes
    /// the last token holds all of it.
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

    protected override int CountTokens(string? text, ReadOnlySpan<char> textSpan, EncodeSettings settings) =>
        FitFromStart(Encode(text ?? textSpan, settings), settings.MaxTokenCount);

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
    /// <param name="EndsCharacter">Whether a text may end behind it.</param>
    private protected readonly record struct Token(int Id, Range Offset, bool EndsCharacter = true);
}
