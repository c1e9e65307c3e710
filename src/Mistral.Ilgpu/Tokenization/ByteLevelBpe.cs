using System.Text;
using System.Text.RegularExpressions;
using Microsoft.ML.Tokenizers;

namespace Mistral.Ilgpu.Tokenization;

/// <summary>
/// Byte-level BPE by rank: a pattern parts the text into words, and of a word's neighbouring bytes those are joined first that
/// make the token with the lowest id. Encoding adds no control tokens and finds none in the text. Safe for concurrent use.
/// </summary>
public sealed class ByteLevelBpe : TextTokenizer
{
    // A pattern from a file must not hang on any text.
    private static readonly TimeSpan PatternTimeout = TimeSpan.FromSeconds(1);

    private readonly TiktokenTokenizer _ranks;
    private readonly byte[]?[] _bytes;
    private readonly Dictionary<string, int> _controls;
    private readonly Dictionary<int, string> _controlTexts;

    private ByteLevelBpe(TiktokenTokenizer ranks, byte[]?[] bytes, ByteLevelVocabulary vocabulary)
    {
        _ranks = ranks;
        _bytes = bytes;
        _controls = vocabulary.Controls.ToDictionary(StringComparer.Ordinal);
        _controlTexts = vocabulary.Controls.ToDictionary(control => control.Value, control => control.Key);
        BosId = vocabulary.BosId;
        EosId = vocabulary.EosId;
        DeclaredVersion = vocabulary.Version;
        Pattern = vocabulary.Pattern;
    }

    public override int VocabularySize => _bytes.Length;

    public override int BosId { get; }

    public override int EosId { get; }

    public override string? DeclaredVersion { get; }

    /// <summary>What parts a text into words.</summary>
    public string Pattern { get; }

    /// <param name="source">Names the file in error messages.</param>
    internal static ByteLevelBpe Create(ByteLevelVocabulary vocabulary, string source)
    {
        var missing = Enumerable.Range(0, 256).Except(vocabulary.Tokens.OfType<byte[]>().Where(token => token.Length == 1).Select(token => (int)token[0])).ToList();
        if (missing.Count > 0)
        {
            throw new ModelFileException(source, $"vocabulary: found no token for byte 0x{missing[0]:X2}, expected one for each of 256 bytes");
        }

        var known = new HashSet<string>(StringComparer.Ordinal);
        int twice = Enumerable.Range(0, vocabulary.Tokens.Count).FirstOrDefault(id => vocabulary.Tokens[id] is { Length: > 0 } token && !known.Add(Convert.ToHexString(token)), -1);
        if (twice >= 0)
        {
            throw new ModelFileException(source, $"vocabulary: found the bytes of token {twice} twice, expected them once");
        }

        try
        {
            var pattern = new Regex(vocabulary.Pattern, RegexOptions.Compiled | RegexOptions.CultureInvariant, PatternTimeout);
            using var ranks = RankLines(vocabulary.Tokens);
            return new ByteLevelBpe(TiktokenTokenizer.Create(ranks, new PatternPreTokenizer(pattern, source), null), [.. vocabulary.Tokens], vocabulary);
        }
        catch (Exception exception) when (exception is ArgumentException or FormatException or InvalidOperationException)
        {
            throw new ModelFileException(source, $"vocabulary: found one that is not usable ({exception.Message.ReplaceLineEndings(" ")}), expected tokens and a pattern of byte-level BPE");
        }
    }

    public override string IdToPiece(int id)
    {
        if (_controlTexts.TryGetValue(RequireId(id), out string? control))
        {
            return control;
        }

        var text = new StringBuilder();
        for (ReadOnlySpan<byte> bytes = _bytes[id] ?? []; !bytes.IsEmpty;)
        {
            bool isWhole = Rune.DecodeFromUtf8(bytes, out var rune, out int length) == System.Buffers.OperationStatus.Done;
            text.Append(isWhole ? rune.ToString() : $"<0x{bytes[0]:X2}>");
            bytes = bytes[(isWhole ? length : 1)..];
        }

        return text.ToString();
    }

    public override bool IsControl(int id) => _controlTexts.ContainsKey(RequireId(id));

    public override int FindControl(string piece) => _controls.GetValueOrDefault(piece, -1);

    public override StreamingDecoder CreateDecoder(bool isContinuation = false) => new ByteLevelDecoder(this);

    /// <summary>What the id stands for; nothing for control tokens and ids that no text has.</summary>
    internal ReadOnlySpan<byte> BytesOf(int id) => _bytes[RequireId(id)];

    /// <summary>Which two tokens each longer one is joined from, in the order of ids: what the ranks come to as merges.</summary>
    internal IEnumerable<(byte[] Left, byte[] Right)> Merges()
    {
        var ids = new Dictionary<string, int>(StringComparer.Ordinal);
        for (int id = 0; id < _bytes.Length; id++)
        {
            if (_bytes[id] is not { Length: > 0 } token)
            {
                continue;
            }

            ids.Add(Encoding.Latin1.GetString(token), id);
            if (token.Length > 1 && Join(token, ids, id) is { } pair)
            {
                yield return pair;
            }
        }
    }

    protected override EncodeResults<int> EncodeToIds(string? text, ReadOnlySpan<char> textSpan, EncodeSettings settings)
    {
        var ids = _ranks.EncodeToIds(
            WellFormed(text, textSpan), settings.MaxTokenCount, out string? normalized, out int consumed, settings.ConsiderPreTokenization, settings.ConsiderNormalization);
        return new EncodeResults<int> { Tokens = ids, NormalizedText = normalized, CharsConsumed = consumed };
    }

    protected override EncodeResults<EncodedToken> EncodeToTokens(string? text, ReadOnlySpan<char> textSpan, EncodeSettings settings)
    {
        string whole = WellFormed(text, textSpan);
        var tokens = _ranks.EncodeToTokens(whole, out string? normalized, settings.ConsiderPreTokenization, settings.ConsiderNormalization);
        tokens = [.. tokens.Take(settings.MaxTokenCount)];
        return new EncodeResults<EncodedToken>
        {
            Tokens = tokens,
            NormalizedText = normalized,
            CharsConsumed = tokens.Count == 0 ? 0 : tokens[^1].Offset.End.Value,
        };
    }

    private static string WellFormed(string? text, ReadOnlySpan<char> textSpan)
    {
        if (!(text ?? textSpan).ContainsAnyInRange('\uD800', '\uDFFF'))
        {
            return text ?? textSpan.ToString();
        }

        char[] copy = (text ?? textSpan).ToArray();
        LoneSurrogates.Replace(copy);
        return new string(copy);
    }

    /// <summary>The last two parts of a token when it is joined from bytes by tokens before it; null where that leaves more.</summary>
    private static (byte[] Left, byte[] Right)? Join(byte[] token, Dictionary<string, int> ids, int before)
    {
        List<string> parts = [.. Encoding.Latin1.GetString(token).Select(value => value.ToString())];
        while (parts.Count > 2)
        {
            var best = Enumerable.Range(0, parts.Count - 1)
                .Select(i => (At: i, Id: ids.GetValueOrDefault(parts[i] + parts[i + 1], int.MaxValue)))
                .MinBy(pair => pair.Id);
            if (best.Id >= before)
            {
                return null;
            }

            parts[best.At] += parts[best.At + 1];
            parts.RemoveAt(best.At + 1);
        }

        return (Encoding.Latin1.GetBytes(parts[0]), Encoding.Latin1.GetBytes(parts[1]));
    }

    // The package's reader of tiktoken files is the way in: one line a token, in base64, with its rank.
    private static MemoryStream RankLines(IReadOnlyList<byte[]?> tokens)
    {
        var lines = new MemoryStream();
        using var writer = new StreamWriter(lines, new UTF8Encoding(false), leaveOpen: true) { NewLine = "\n" };
        for (int id = 0; id < tokens.Count; id++)
        {
            if (tokens[id] is { Length: > 0 } bytes)
            {
                writer.Write(Convert.ToBase64String(bytes));
                writer.Write(' ');
                writer.WriteLine(id.ToString(System.Globalization.CultureInfo.InvariantCulture));
            }
        }

        writer.Flush();
        lines.Position = 0;
        return lines;
    }
}

/// <summary>What makes up a byte-level tokenizer.</summary>
/// <param name="Tokens">The bytes of each id; null for control tokens and ids that no text has.</param>
/// <param name="Controls">Control tokens by their text.</param>
/// <param name="Pattern">The regular expression whose matches are words.</param>
internal sealed record ByteLevelVocabulary(
    IReadOnlyList<byte[]?> Tokens, IReadOnlyDictionary<string, int> Controls, string Pattern, int BosId, int EosId, string? Version);
