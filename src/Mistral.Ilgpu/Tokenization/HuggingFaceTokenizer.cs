using System.Globalization;
using System.Text.Json;
using PieceType = Mistral.Ilgpu.Tokenization.Proto.ModelProto.Types.SentencePiece.Types.Type;

namespace Mistral.Ilgpu.Tokenization;

/// <summary>
/// Reads Hugging Face's <c>tokenizer.json</c>: BPE over bytes, or BPE converted from SentencePiece. In the latter the order of
/// the
/// merges replaces the scores of the pieces.
/// </summary>
internal static class HuggingFaceTokenizer
{
    private const int MostTokens = 1 << 22;

    /// <param name="settings">The content of tokenizer_config.json, which names the tokens that start and end a text.</param>
    public static TextTokenizer Load(byte[] json, string source, byte[]? settings)
    {
        var file = JsonFields.Parse(json, source);
        var model = file.Object("model") ?? throw file.Error("model", "nothing", "a BPE model");
        if (model.Text("type") is var type && type != "BPE")
        {
            throw model.Error("type", type ?? "nothing", "BPE");
        }

        var added = Added(file);
        var names = settings is null
            ? null
            : JsonFields.Parse(settings, Path.Combine(Path.GetDirectoryName(source) ?? "", "tokenizer_config.json"));
        string bos = Name(names, "bos_token") ?? "<s>";
        string eos = Name(names, "eos_token") ?? "</s>";
        string?[] texts = Texts(model, added);
        return file.Find("pre_tokenizer") is { } splitter && Mentions(file, "pre_tokenizer", "ByteLevel")
            ? Bytes(file, texts, added, splitter, bos, eos, source)
            : Pieces(file, model, texts, added, bos, eos, source);
    }

    private static Dictionary<int, (string Text, bool IsSpecial)> Added(JsonFields file)
    {
        var added = new Dictionary<int, (string, bool)>();
        if (file.Find("added_tokens") is not { } list)
        {
            return added;
        }

        foreach (var token in
            list.ValueKind == JsonValueKind.Array ? list.EnumerateArray() : throw file.Error("added_tokens", list, "a list"))
        {
            var fields = file.Item("added_tokens", token);
            int id = fields.Ids("id").FirstOrDefault(-1);
            string text = fields.Text("content") ?? throw file.Error("added_tokens", token, "tokens with an id and a content");
            if (id < 0 || id >= MostTokens || !added.TryAdd(id, (text, fields.Flag("special"))))
            {
                throw file.Error("added_tokens", token, "distinct ids");
            }
        }

        return added;
    }

    private static string?[] Texts(JsonFields model, Dictionary<int, (string Text, bool IsSpecial)> added)
    {
        var vocabulary = model.Object("vocab") ?? throw model.Error("vocab", "nothing", "the ids of tokens");
        var ids = vocabulary.All.Select(entry => (entry.Key, Id: vocabulary.Ids(entry.Key).FirstOrDefault(-1))).ToList();
        int last = Math.Max(ids.Select(entry => entry.Id).DefaultIfEmpty(-1).Max(), added.Keys.DefaultIfEmpty(-1).Max());
        // Real files have few unused ids. A huge id must not create a huge list.
        if (last >= MostTokens || last >= (2 * (ids.Count + added.Count)) + 1024)
        {
            throw model.Error("vocab", $"an id of {last} among {ids.Count} tokens", "ids in a row");
        }

        var texts = new string?[last + 1];
        foreach (var (text, id) in ids)
        {
            texts[id >= 0 && texts[id] is null ? id : throw vocabulary.Error(text, $"{id}", "an id of its own")] = text;
        }

        foreach (var (id, (text, _)) in added)
        {
            texts[id] = text;
        }

        return texts;
    }

    private static ByteLevelBpe Bytes(
        JsonFields file, string?[] texts, Dictionary<int, (string Text, bool IsSpecial)> added,
        JsonElement splitter, string bos, string eos, string source)
    {
        var tokens = new byte[]?[texts.Length];
        var controls = new Dictionary<string, int>(StringComparer.Ordinal);
        for (int id = 0; id < texts.Length; id++)
        {
            if (added.ContainsKey(id))
            {
                controls.TryAdd(texts[id]!, id);
            }
            else if (texts[id] is { } text)
            {
                tokens[id] = Gpt2Bytes.Read(text)
                    ?? throw file.Error("model.vocab", $"'{text}'", "characters that spell bytes as GPT-2 does");
            }
        }

        var vocabulary = new ByteLevelVocabulary(
            tokens, controls, Read(file, "pre_tokenizer", () => Pattern(splitter)) ?? WordPatterns.Gpt2,
            controls.GetValueOrDefault(bos, -1), controls.GetValueOrDefault(eos, -1), null);
        string version = TokenizerVersion.Of(controls.ContainsKey);
        return ByteLevelBpe.Create(
            vocabulary with
            {
                Version = version,
                ReasoningEfforts = version == TokenizerVersion.WithSettings ? ReasoningEfforts.OfTemplates : null,
            },
            source);
    }

    private static SentencePieceBpe Pieces(
        JsonFields file, JsonFields model, string?[] texts,
        Dictionary<int, (string Text, bool IsSpecial)> added, string bos, string eos, string source)
    {
        var ranks = MergeRanks(model);
        string unknown = model.Text("unk_token") ?? "<unk>";
        var pieces = new PieceModel();
        for (int id = 0; id < texts.Length; id++)
        {
            string text = texts[id] ?? string.Create(CultureInfo.InvariantCulture, $"[PAD{id}]");
            var type = texts[id] is null ? PieceType.Unused
                : text == unknown ? PieceType.Unknown
                : added.TryGetValue(id, out var token) && (token.IsSpecial || text == bos || text == eos) ? PieceType.Control
                : text.Length == 6 && text.StartsWith("<0x", StringComparison.Ordinal) ? PieceType.Byte
                : added.ContainsKey(id) ? PieceType.UserDefined
                : PieceType.Normal;
            pieces.Add(text, -ranks.GetValueOrDefault(text, texts.Length), type);
        }

        bool hasPrefix = Mentions(file, "normalizer", "Prepend")
            || (Mentions(file, "pre_tokenizer", "Metaspace") && !Mentions(file, "pre_tokenizer", "never"));
        return pieces.Build(source, bos, eos, hasPrefix);
    }

    /// <summary>The index of the first merge that creates each piece.</summary>
    private static Dictionary<string, int> MergeRanks(JsonFields model)
    {
        var ranks = new Dictionary<string, int>(StringComparer.Ordinal);
        var merges = model.Find("merges") is { ValueKind: JsonValueKind.Array } list
            ? list
            : throw model.Error("merges", "nothing", "a list of merges");
        int rank = 0;
        foreach (var merge in merges.EnumerateArray())
        {
            string[]? pair = Read(model, "merges", () => merge.ValueKind switch
            {
                JsonValueKind.String => merge.GetString()!.Split(' '),
                JsonValueKind.Array =>
                    [.. merge.EnumerateArray().Select(part => part.ValueKind == JsonValueKind.String ? part.GetString()! : "")],
                _ => null,
            });
            if (pair is not [{ Length: > 0 }, { Length: > 0 }])
            {
                throw model.Error("merges", merge, "pairs of pieces");
            }

            ranks.TryAdd(pair[0] + pair[1], rank++);
        }

        return ranks;
    }

    /// <summary>The pattern of the first step that splits by a pattern.</summary>
    private static string? Pattern(JsonElement splitter)
    {
        if (splitter.ValueKind == JsonValueKind.Array)
        {
            return splitter.EnumerateArray().Select(Pattern).FirstOrDefault(pattern => pattern is not null);
        }

        if (splitter.ValueKind != JsonValueKind.Object)
        {
            return null;
        }

        return splitter.TryGetProperty("pattern", out var pattern) && pattern.ValueKind == JsonValueKind.Object
            && pattern.TryGetProperty("Regex", out var regex) && regex.ValueKind == JsonValueKind.String
            ? regex.GetString()
            : splitter.TryGetProperty("pretokenizers", out var steps) ? Pattern(steps) : null;
    }

    // Escapes may spell half of a surrogate pair, which fails only when the text is read.
    private static T Read<T>(JsonFields fields, string name, Func<T> read)
    {
        try
        {
            return read();
        }
        catch (InvalidOperationException)
        {
            throw fields.Error(name, "half of a surrogate pair", "text that is valid Unicode");
        }
    }

    private static bool Mentions(JsonFields file, string name, string value) =>
        file.Find(name) is { } element && Read(file, name, () => Mentions(element, value));

    private static bool Mentions(JsonElement element, string value) => element.ValueKind switch
    {
        JsonValueKind.String => element.GetString() == value,
        JsonValueKind.Array => element.EnumerateArray().Any(item => Mentions(item, value)),
        JsonValueKind.Object => element.EnumerateObject().Any(member => Mentions(member.Value, value)),
        _ => false,
    };

    /// <summary>A token's text, given by itself or in an object.</summary>
    private static string? Name(JsonFields? settings, string field) => settings?.Find(field) switch
    {
        null => null,
        { ValueKind: JsonValueKind.String } => settings.Text(field),
        { ValueKind: JsonValueKind.Object } => settings.Object(field)!.Text("content"),
        var value => throw settings.Error(field, value.Value, "a token"),
    };
}
