using System.Buffers;
using System.Text;
using System.Text.RegularExpressions;
using Microsoft.ML.Tokenizers;

namespace Mistral.Ilgpu.Tokenization;

/// <summary>
/// Byte-level BPE by rank. A pattern splits the text into words. Within a word, the neighbours that form the token with the
/// lowest
/// id are joined first. Encoding adds no control tokens and finds none in the text. Safe for concurrent use.
/// </summary>
internal sealed class ByteLevelBpe : TextTokenizer
{
    // A pattern from a file must not run forever on any text.
    private static readonly TimeSpan PatternTimeout = TimeSpan.FromSeconds(1);

    // Longer than any real pattern. Compiling a longer one would only take time.
    private const int MostPattern = 4096;

    private readonly PatternPreTokenizer _words;
    private readonly ByteTokens _ids;
    private readonly byte[]?[] _bytes;
    private readonly Dictionary<string, int> _controls;
    private readonly Dictionary<int, string> _controlTexts;

    private ByteLevelBpe(PatternPreTokenizer words, ByteTokens ids, ByteLevelVocabulary vocabulary)
    {
        _words = words;
        _ids = ids;
        _bytes = [.. vocabulary.Tokens];
        _controls = vocabulary.Controls.ToDictionary(StringComparer.Ordinal);
        _controlTexts = vocabulary.Controls.ToDictionary(control => control.Value, control => control.Key);
        BosId = vocabulary.BosId;
        EosId = vocabulary.EosId;
        DeclaredVersion = vocabulary.Version;
        ReasoningEfforts = vocabulary.ReasoningEfforts;
        Pattern = vocabulary.Pattern;
    }

    public override int VocabularySize => _bytes.Length;

    public override int BosId { get; }

    public override int EosId { get; }

    internal override string? DeclaredVersion { get; }

    internal override ReasoningEfforts? ReasoningEfforts { get; }

    /// <summary>The regular expression that splits a text into words.</summary>
    public string Pattern { get; }

    /// <param name="source">The file's name, for messages.</param>
    internal static ByteLevelBpe Create(ByteLevelVocabulary vocabulary, string source)
    {
        var missing = Enumerable.Range(0, 256)
            .Except(vocabulary.Tokens.OfType<byte[]>().Where(token => token.Length == 1).Select(token => (int)token[0])).ToList();
        if (missing.Count > 0)
        {
            throw new ModelFileException(
                source, $"vocabulary: found no token for byte 0x{missing[0]:X2}, expected one for each of 256 bytes");
        }

        return new ByteLevelBpe(
            new PatternPreTokenizer(Compile(vocabulary.Pattern, source), source),
            ByteTokens.Of(vocabulary.Tokens, source),
            vocabulary);
    }

    private static Regex Compile(string pattern, string source)
    {
        if (pattern.Length > MostPattern)
        {
            throw new ModelFileException(source, $"pattern: found {pattern.Length} characters, expected at most {MostPattern}");
        }

        try
        {
            return new Regex(pattern, RegexOptions.Compiled | RegexOptions.CultureInvariant, PatternTimeout);
        }
        // The exceptions for patterns that .NET cannot parse and for those that it cannot compile.
        catch (Exception exception)
            when (exception is ArgumentException or InvalidOperationException or InvalidProgramException or OverflowException)
        {
            throw new ModelFileException(
                source,
                $"pattern: found one that is not usable ({exception.Message.ReplaceLineEndings(" ")}), "
                + "expected tokens and a pattern of byte-level BPE");
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
            bool isWhole = Rune.DecodeFromUtf8(bytes, out var rune, out int length) == OperationStatus.Done;
            text.Append(isWhole ? rune.ToString() : $"<0x{bytes[0]:X2}>");
            bytes = bytes[(isWhole ? length : 1)..];
        }

        return text.ToString();
    }

    public override bool IsControl(int id) => _controlTexts.ContainsKey(RequireId(id));

    public override int FindControl(string piece) => _controls.GetValueOrDefault(piece, -1);

    public override StreamingDecoder CreateDecoder(bool isContinuation = false) => new ByteLevelDecoder(this);

    internal override byte[]? TextBytesOf(int id) => _bytes[RequireId(id)];

    /// <summary>The bytes of a token; empty for control tokens and ids that do not occur in texts.</summary>
    internal ReadOnlySpan<byte> BytesOf(int id) => TextBytesOf(id);

    /// <summary>The two tokens from which each longer one is joined, in order of ids: the ranks as merges.</summary>
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

    private protected override List<Token> Encode(ReadOnlySpan<char> text, EncodeSettings settings)
    {
        if (text.IsEmpty) return [];
        var chars = ArrayPool<char>.Shared.Rent(text.Length);
        try
        {
            var wellFormed = chars.AsSpan(0, text.Length);
            text.CopyTo(wellFormed);
            LoneSurrogates.Replace(wellFormed);
            var tokens = new List<Token>((text.Length / 3) + 1);
            using var words = new ByteWordEncoder(_ids);
            foreach (var (offset, length) in
                settings.ConsiderPreTokenization ? _words.PreTokenize(wellFormed) : [(0, text.Length)])
            {
                int end = offset;
                foreach (var (id, completed, endsCharacter) in words.Encode(wellFormed.Slice(offset, length)))
                {
                    tokens.Add(new Token(id, end..(end + completed), endsCharacter));
                    end += completed;
                }
            }

            return tokens;
        }
        finally
        {
            ArrayPool<char>.Shared.Return(chars);
        }
    }

    /// <summary>
    /// The last two parts when a token is joined from bytes by tokens of lower ids; null if more than two parts remain.
    /// </summary>
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
}
