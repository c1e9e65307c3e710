using System.Globalization;
using Mistral.Ilgpu.Checkpoints.Gguf;
using Mistral.Ilgpu.Tokenization;
using PieceType = Mistral.Ilgpu.Tokenization.Proto.ModelProto.Types.SentencePiece.Types.Type;

namespace Mistral.Ilgpu.Checkpoints.Conversion;

/// <summary>Converts a tokenizer to GGUF metadata.</summary>
internal static class GgufVocabularyExport
{
    public static IEnumerable<KeyValuePair<string, object>> Metadata(Checkpoint checkpoint)
    {
        int size = checkpoint.Config.VocabularySize;
        return checkpoint.Tokenizer switch
        {
            SentencePieceBpe pieces => Metadata(pieces, size),
            ByteLevelBpe { Pattern: WordPatterns.Tekken } bytes => Metadata(bytes, size),
            _ => throw new ModelFileException(checkpoint.Name, "tokenizer: found one that cannot be written to GGUF"),
        };
    }

    private static IEnumerable<KeyValuePair<string, object>> Metadata(SentencePieceBpe tokenizer, int size)
    {
        var vocabulary = tokenizer.Vocabulary;
        var ids = Enumerable.Range(0, vocabulary.Count);
        int missing = size - vocabulary.Count;
        yield return new("tokenizer.ggml.model", "llama");
        yield return new("tokenizer.ggml.pre", "default");
        // Readers require a token for every row of the embedding.
        yield return new(
            "tokenizer.ggml.tokens", (string[])[.. ids.Select(id => vocabulary[id]), .. Fillers(vocabulary.Count, missing)]);
        yield return new(
            "tokenizer.ggml.scores", (float[])[.. ids.Select(vocabulary.ScoreOf), .. Enumerable.Repeat(-1e4f, missing)]);
        yield return new(
            "tokenizer.ggml.token_type",
            (int[])[.. ids.Select(id => (int)vocabulary.TypeOf(id)), .. Enumerable.Repeat((int)PieceType.Unused, missing)]);
        foreach (var (name, id) in new[] { ("bos", tokenizer.BosId), ("eos", tokenizer.EosId), ("unknown", tokenizer.UnknownId) })
        {
            if (id >= 0)
            {
                yield return new($"tokenizer.ggml.{name}_token_id", (uint)id);
            }
        }

        yield return new("tokenizer.ggml.add_bos_token", tokenizer.BosId >= 0);
        yield return new("tokenizer.ggml.add_eos_token", false);
        yield return new("tokenizer.ggml.add_space_prefix", tokenizer.HasDummyPrefix);
    }

    private static IEnumerable<KeyValuePair<string, object>> Metadata(ByteLevelBpe tokenizer, int size)
    {
        var ids = Enumerable.Range(0, tokenizer.VocabularySize);
        int missing = size - tokenizer.VocabularySize;
        yield return new("tokenizer.ggml.model", "gpt2");
        yield return new("tokenizer.ggml.pre", GgufVocabulary.TekkenPre);
        yield return new(
            "tokenizer.ggml.tokens", (string[])[.. ids.Select(Spelling), .. Fillers(tokenizer.VocabularySize, missing)]);
        yield return new(
            "tokenizer.ggml.token_type", (int[])[.. ids.Select(Type), .. Enumerable.Repeat((int)PieceType.Unused, missing)]);
        yield return new(
            "tokenizer.ggml.merges",
            (string[])[.. tokenizer.Merges().Select(pair => $"{Gpt2Bytes.Write(pair.Left)} {Gpt2Bytes.Write(pair.Right)}")]);
        foreach (var (name, id) in new[] { ("bos", tokenizer.BosId), ("eos", tokenizer.EosId) })
        {
            if (id >= 0)
            {
                yield return new($"tokenizer.ggml.{name}_token_id", (uint)id);
            }
        }

        yield return new("tokenizer.ggml.add_bos_token", tokenizer.BosId >= 0);
        yield return new("tokenizer.ggml.add_eos_token", false);
        if (tokenizer.DeclaredVersion is { } version)
        {
            yield return new(GgufTokenizer.VersionKey, version);
            if (version == TokenizerVersion.WithSettings)
            {
                yield return new(GgufTokenizer.SettingsKey, ReasoningEfforts.Write(tokenizer.ReasoningEfforts).ToJsonString());
            }
        }

        int Type(int id) => (int)(tokenizer.IsControl(id) ? PieceType.Control
            : tokenizer.BytesOf(id).IsEmpty ? PieceType.Unused
            : PieceType.Normal);

        string Spelling(int id) => tokenizer.IsControl(id) ? tokenizer.IdToPiece(id)
            : tokenizer.BytesOf(id).IsEmpty ? Fillers(id, 1).Single()
            : Gpt2Bytes.Write(tokenizer.BytesOf(id));
    }

    private static IEnumerable<string> Fillers(int from, int count) =>
        Enumerable.Range(from, count).Select(id => string.Create(CultureInfo.InvariantCulture, $"[PAD{id}]"));
}
