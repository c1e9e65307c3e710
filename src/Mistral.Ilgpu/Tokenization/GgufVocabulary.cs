using System.Text.Json;
using PieceType = Mistral.Ilgpu.Tokenization.Proto.ModelProto.Types.SentencePiece.Types.Type;

namespace Mistral.Ilgpu.Tokenization;

/// <summary>A vocabulary in the form of GGUF metadata.</summary>
/// <param name="Model">llama: SentencePiece; gpt2: byte-level BPE.</param>
/// <param name="Pre">The name of the pattern that splits a text, for gpt2.</param>
/// <param name="Types">SentencePiece's numbers, from 1 (normal) to 6 (byte); null if all are normal.</param>
/// <param name="AddSpacePrefix">Whether a space is added before a text, for llama.</param>
/// <param name="Version">The chat format that the file states; if null, it is derived from the control tokens, for gpt2.</param>
/// <param name="Settings">The value of Tekken's <c>model_settings_builder</c>, where the file holds it.</param>
internal sealed record GgufVocabulary(
    string Model,
    string? Pre,
    IReadOnlyList<string> Tokens,
    IReadOnlyList<float>? Scores,
    IReadOnlyList<int>? Types,
    int? BosId,
    int? EosId,
    bool AddSpacePrefix,
    string? Version = null,
    JsonElement? Settings = null)
{
    public const string TekkenPre = "tekken";

    /// <exception cref="ModelFileException">The vocabulary is damaged or of an unsupported kind.</exception>
    public TextTokenizer Build(string source)
    {
        if (Tokens.Count == 0)
        {
            throw new ModelFileException(source, "tokenizer.ggml.tokens: found none, expected a vocabulary");
        }

        if ((Types ?? []).Where(type => type is < 1 or > 6).Select(type => (int?)type).FirstOrDefault() is { } odd)
        {
            throw new ModelFileException(source, $"tokenizer.ggml.token_type: found {odd}, expected 1 to 6");
        }

        foreach (var (key, count) in new[] { ("scores", Scores?.Count), ("token_type", Types?.Count) })
        {
            if (count is { } found && found != Tokens.Count)
            {
                throw new ModelFileException(
                    source, $"tokenizer.ggml.{key}: found {found}, expected one for each of {Tokens.Count} tokens");
            }
        }

        foreach (var (key, id) in new[] { ("bos", BosId), ("eos", EosId) })
        {
            if (id is { } found && (found < 0 || found >= Tokens.Count))
            {
                throw new ModelFileException(
                    source, $"tokenizer.ggml.{key}_token_id: found {found}, expected an id below {Tokens.Count}");
            }
        }

        return Model switch
        {
            "llama" => BuildPieces(source),
            "gpt2" => BuildBytes(source),
            _ => throw new ModelFileException(source, $"tokenizer.ggml.model: found {Model}, expected llama or gpt2"),
        };
    }

    private SentencePieceBpe BuildPieces(string source)
    {
        var model = new PieceModel();
        for (int id = 0; id < Tokens.Count; id++)
        {
            var type = Types is null ? PieceType.Normal : (PieceType)Types[id];
            // Some writers omit the types of these tokens.
            type = Types is null && id == 0 ? PieceType.Unknown : id == BosId || id == EosId ? PieceType.Control : type;
            model.Add(Tokens[id], Scores?[id] ?? -id, type);
        }

        return model.Build(source, BosId is { } bos ? Tokens[bos] : null, EosId is { } eos ? Tokens[eos] : null, AddSpacePrefix);
    }

    private ByteLevelBpe BuildBytes(string source)
    {
        var tokens = new byte[]?[Tokens.Count];
        var controls = new Dictionary<string, int>(StringComparer.Ordinal);
        for (int id = 0; id < Tokens.Count; id++)
        {
            // Tokens that are neither normal nor bytes do not occur in texts.
            if (Types is null || (PieceType)Types[id] == PieceType.Normal)
            {
                tokens[id] = Gpt2Bytes.Read(Tokens[id])
                    ?? throw new ModelFileException(
                        source, $"tokenizer.ggml.tokens[{id}]: found characters that spell no bytes, expected GPT-2's spelling");
            }
            else
            {
                controls.TryAdd(Tokens[id], id);
            }
        }

        string version = Version ?? TokenizerVersion.Of(controls.ContainsKey);
        return ByteLevelBpe.Create(
            new ByteLevelVocabulary(tokens, controls, WordPatterns.Of(Pre, source), BosId ?? -1, EosId ?? -1, version)
            {
                ReasoningEfforts = version != TokenizerVersion.WithSettings ? null
                    : Settings is { } settings ? ReasoningEfforts.Read(settings, source)
                    : ReasoningEfforts.OfTemplates,
            },
            source);
    }
}
