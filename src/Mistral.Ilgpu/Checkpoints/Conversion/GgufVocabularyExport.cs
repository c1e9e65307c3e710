using System.Globalization;
using Mistral.Ilgpu.Tokenization;
using PieceType = Mistral.Ilgpu.Tokenization.Proto.ModelProto.Types.SentencePiece.Types.Type;

namespace Mistral.Ilgpu.Checkpoints.Conversion;

/// <summary>A tokenizer as GGUF metadata.</summary>
internal static class GgufVocabularyExport
{
    public static IEnumerable<KeyValuePair<string, object>> Metadata(Checkpoint checkpoint)
    {
        int size = checkpoint.Config.VocabularySize;
        return checkpoint.Tokenizer switch
        {
            SentencePieceBpe pieces => Metadata(pieces, size),
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
        // Readers want a token for every row of the embedding.
        yield return new("tokenizer.ggml.tokens", (string[])[.. ids.Select(id => vocabulary[id]), .. Fillers(vocabulary.Count, missing)]);
        yield return new("tokenizer.ggml.scores", (float[])[.. ids.Select(vocabulary.ScoreOf), .. Enumerable.Repeat(-1e4f, missing)]);
        yield return new("tokenizer.ggml.token_type", (int[])[.. ids.Select(id => (int)vocabulary.TypeOf(id)), .. Enumerable.Repeat((int)PieceType.Unused, missing)]);
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

    private static IEnumerable<string> Fillers(int from, int count) =>
        Enumerable.Range(from, count).Select(id => string.Create(CultureInfo.InvariantCulture, $"[PAD{id}]"));
}
