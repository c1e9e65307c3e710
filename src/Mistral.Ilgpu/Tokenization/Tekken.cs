using System.Runtime.InteropServices;
using System.Text.Json;
using System.Text.Json.Serialization;

namespace Mistral.Ilgpu.Tokenization;

/// <summary>
/// Reads and writes Mistral's own <c>tekken.json</c>: a pattern, tokens by rank, and special tokens, which have the lowest ids.
/// </summary>
internal static class Tekken
{
    private const int MostTokens = 1 << 22;

    // Files of the first version do not name their special tokens. These are the first of a thousand; the others are fillers.
    internal static IReadOnlyList<string> FirstSpecials { get; } =
    [
        "<unk>", "<s>", "</s>", "[INST]", "[/INST]", "[AVAILABLE_TOOLS]",
        "[/AVAILABLE_TOOLS]", "[TOOL_RESULTS]", "[/TOOL_RESULTS]",
        "[TOOL_CALLS]", "[IMG]", "<pad>", "[IMG_BREAK]", "[IMG_END]", "[PREFIX]", "[MIDDLE]", "[SUFFIX]", "[SYSTEM_PROMPT]",
        "[/SYSTEM_PROMPT]", "[TOOL_CONTENT]",
    ];

    /// <param name="source">The file's name, for messages.</param>
    /// <exception cref="ModelFileException">The file is damaged or of another format.</exception>
    public static ByteLevelBpe Load(ReadOnlyMemory<byte> json, string source)
    {
        var file = Parse(json, source);
        var config = file.Config ?? throw Error("config", "nothing", "the settings of a Tekken tokenizer");
        int size = config.DefaultVocabSize;
        int specials = config.DefaultNumSpecialTokens;
        if (size is < 257 or > MostTokens || specials < FirstSpecials.Count || specials > size - 256)
        {
            throw Error(
                "config",
                $"{size} tokens of which {specials} are special",
                "some hundred to four million, with room for the special ones and 256 bytes");
        }

        var vocabulary = file.Vocab ?? throw Error("vocab", "nothing", "a list of tokens");
        if (vocabulary.Length < size - specials)
        {
            throw Error(
                "vocab",
                $"{vocabulary.Length} tokens",
                $"at least default_vocab_size - default_num_special_tokens = {size - specials}");
        }

        var tokens = new byte[]?[size];
        for (int rank = 0; rank < size - specials; rank++)
        {
            var token = vocabulary[rank] ?? throw Error($"vocab[{rank}]", "nothing", "a token");
            if (token.Rank != rank || token.TokenBytes is not { Length: > 0 } bytes)
            {
                throw Error(
                    $"vocab[{rank}]",
                    $"rank {token.Rank} with {token.TokenBytes?.Length ?? 0} bytes",
                    $"rank {rank} and the token's bytes");
            }

            tokens[specials + rank] = bytes;
        }

        var controls = Controls(file.SpecialTokens, specials, source);
        return ByteLevelBpe.Create(
            new ByteLevelVocabulary(
                tokens, controls, config.Pattern ?? throw Error("config.pattern", "nothing", "a regular expression"),
                controls.GetValueOrDefault("<s>", -1), controls.GetValueOrDefault("</s>", -1), config.Version)
            {
                ReasoningEfforts = file.Settings is { } settings ? Efforts(settings, config.Version, source) : null,
            },
            source);

        ModelFileException Error(string field, string found, string expected) =>
            new(source, $"{field}: found {found}, expected {expected}");
    }

    /// <summary>The tokenizer as a file. Its control tokens must have the lowest ids, as in Tekken.</summary>
    internal static byte[] Save(ByteLevelBpe tokenizer, string source)
    {
        var ids = Enumerable.Range(0, tokenizer.VocabularySize).ToList();
        int specials = ids.TakeWhile(id => tokenizer.BytesOf(id).IsEmpty).Count();
        var plain = ids.Skip(specials).TakeWhile(id => !tokenizer.BytesOf(id).IsEmpty).ToList();
        if (plain.Count == 0
            || ids.Skip(specials + plain.Count).Any(id => !tokenizer.BytesOf(id).IsEmpty || tokenizer.IsControl(id)))
        {
            throw new ModelFileException(
                source, "tokenizer: found control tokens among the others, expected them first as in Tekken");
        }

        return JsonSerializer.SerializeToUtf8Bytes(new TekkenFile(
            new TekkenConfig(
                tokenizer.Pattern, specials + plain.Count, specials, tokenizer.DeclaredVersion) { NumVocabTokens = plain.Count },
            [.. plain.Select((id, rank) => new TekkenToken(rank, tokenizer.BytesOf(id).ToArray()))],
            [.. ids.Take(specials).Where(tokenizer.IsControl).Select(id => new SpecialToken(id, tokenizer.IdToPiece(id)))],
            tokenizer.ReasoningEfforts is { } efforts
                ? JsonSerializer.SerializeToElement(ReasoningEfforts.Write(efforts))
                : null));
    }

    private static TekkenFile Parse(ReadOnlyMemory<byte> json, string source)
    {
        try
        {
            return JsonSerializer.Deserialize<TekkenFile>(json.Span)
                ?? throw new ModelFileException(source, "found null, expected a Tekken tokenizer");
        }
        catch (Exception exception) when (exception is JsonException or InvalidOperationException or FormatException)
        {
            throw new ModelFileException(source, $"not a Tekken tokenizer: {exception.Message.ReplaceLineEndings(" ")}");
        }
    }

    // The reader of the file does not look whether what is in texts is UTF-8; the parser of a part does.
    private static ReasoningEfforts? Efforts(JsonElement settings, string? version, string source) =>
        version == TokenizerVersion.WithSettings
            ? ReasoningEfforts.Read(
                JsonFields.ParseRoot(
                    JsonMarshal.GetRawUtf8Value(settings).ToArray(), $"{source}: {ReasoningEfforts.Field}"), source)
            : throw new ModelFileException(
                source,
                $"{ReasoningEfforts.Field}: found settings of a tokenizer of version {version ?? "nothing"}, "
                + $"expected {TokenizerVersion.WithSettings}");

    private static Dictionary<string, int> Controls(SpecialToken?[]? named, int count, string source)
    {
        var controls = new Dictionary<string, int>(StringComparer.Ordinal);
        if (named is null)
        {
            for (int id = 0; id < FirstSpecials.Count; id++)
            {
                controls.Add(FirstSpecials[id], id);
            }
        }

        foreach (var token in named ?? [])
        {
            if (token?.TokenStr is not { } text || token.Rank < 0 || token.Rank >= count || !controls.TryAdd(text, token.Rank))
            {
                throw new ModelFileException(
                    source,
                    $"special_tokens: found '{token?.TokenStr}' of rank {token?.Rank}, "
                    + $"expected distinct texts of ranks below {count}");
            }
        }

        var taken = controls.Values.ToHashSet();
        if (taken.Count != controls.Count)
        {
            throw new ModelFileException(source, "special_tokens: found two of one rank, expected distinct ranks");
        }

        for (int id = 0; id < count; id++)
        {
            if (!taken.Contains(id))
            {
                controls.TryAdd(string.Create(System.Globalization.CultureInfo.InvariantCulture, $"<SPECIAL_{id}>"), id);
            }
        }

        return controls;
    }

    private sealed record TekkenFile(
        [property: JsonPropertyName("config")] TekkenConfig? Config,
        [property: JsonPropertyName("vocab")] TekkenToken?[]? Vocab,
        [property: JsonPropertyName("special_tokens")] SpecialToken?[]? SpecialTokens,
        [property: JsonPropertyName(ReasoningEfforts.Field), JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
        JsonElement? Settings);

    private sealed record TekkenConfig(
        [property: JsonPropertyName("pattern")] string? Pattern,
        [property: JsonPropertyName("default_vocab_size")] int DefaultVocabSize,
        [property: JsonPropertyName("default_num_special_tokens")] int DefaultNumSpecialTokens,
        [property: JsonPropertyName("version")] string? Version)
    {
        [JsonPropertyName("num_vocab_tokens")]
        public int NumVocabTokens { get; init; }
    }

    private sealed record TekkenToken(
        [property: JsonPropertyName("rank")] int Rank, [property: JsonPropertyName("token_bytes")] byte[]? TokenBytes);

    private sealed record SpecialToken(
        [property: JsonPropertyName("rank")] int Rank, [property: JsonPropertyName("token_str")] string? TokenStr)
    {
        [JsonPropertyName("is_control")]
        public bool IsControl { get; init; } = true;
    }
}
