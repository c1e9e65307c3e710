using Google.Protobuf;
using Mistral.Ilgpu.Checkpoints.Files;
using Mistral.Ilgpu.Fuzzing.Mutations;
using Mistral.Ilgpu.Fuzzing.Seeds;
using Mistral.Ilgpu.Tests.Tokenization;
using Mistral.Ilgpu.Tokenization;
using PieceType = Mistral.Ilgpu.Tokenization.Proto.ModelProto.Types.SentencePiece.Types.Type;

namespace Mistral.Ilgpu.Fuzzing.Readers;

/// <summary>Tokenizers: read, and used on a text in both directions.</summary>
internal static class TokenizerReaders
{
    private const string File = "tokenizer.json";
    private const string Settings = "tokenizer_config.json";

    public static IEnumerable<FuzzTarget> All()
    {
        var pieces = ProtobufFields.Mutator(SmallFiles.SentencePiece, 100);
        var bytes = SmallModel.Proto(("\u2581a", -1), ("ab", -2))
            .With("<x>", PieceType.UserDefined).With("abab", PieceType.Unused);
        yield return new FuzzTarget(
            "sentencepiece",
            6,
            [.. new[] { pieces, ProtobufFields.Mutator(bytes.ToByteArray(), 60), new GzipMutator(pieces) as IMutator }
                .Select(mutator => new FuzzSeed(("tokenizer.model", mutator)))],
            Read);
        yield return new FuzzTarget("tekken", 1, [new FuzzSeed(("tekken.json", new JsonMutator(JsonSeeds.Tekken("v15"))))], Read);
        var converted = new JsonMutator(JsonSeeds.PieceTokenizer());
        var settings = new JsonMutator("""
            {"bos_token": "<s>", "eos_token": {"content": "</s>", "special": true}, "model_max_length": 1e30}
            """u8.ToArray());
        yield return new FuzzTarget(
            "tokenizer-json", 4, [new FuzzSeed((File, converted), (Settings, settings)), new FuzzSeed((File, converted))], Read);
        yield return new FuzzTarget(
            "tokenizer-json-bytes", 1, [new FuzzSeed((File, new JsonMutator(JsonSeeds.ByteLevelTokenizer())))], Read);
    }

    /// <summary>A text with what vocabularies often get wrong, to ids and back.</summary>
    public static void Use(TextTokenizer tokenizer)
    {
        // Some patterns take ages on a run of one letter.
        var ids = tokenizer.EncodeToIds($" ab the <s>\n\u00e9\U0001F600\ud800 \u2581a12 {new string('a', 50)}");
        tokenizer.Decode(ids);
        tokenizer.Decode([0, tokenizer.VocabularySize - 1, .. tokenizer.BosId >= 0 ? [tokenizer.BosId] : Array.Empty<int>()]);
        foreach (int id in ids)
        {
            tokenizer.IdToPiece(id);
            tokenizer.IsControl(id);
        }
    }

    private static void Read(FuzzInput input)
    {
        using var files = new ModelFiles("fuzzed", "fuzzed", new MemoryStore(input));
        Use(FolderTokenizer.Load(files));
    }
}
