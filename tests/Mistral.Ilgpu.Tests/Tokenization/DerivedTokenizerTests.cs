using System.Text.Json;
using System.Text.Json.Nodes;
using Mistral.Ilgpu.Kernels.Tests;
using Mistral.Ilgpu.Tokenization;
using Xunit;
using PieceType = Mistral.Ilgpu.Tokenization.Proto.ModelProto.Types.SentencePiece.Types.Type;

namespace Mistral.Ilgpu.Tests.Tokenization;

/// <summary>The same vocabularies as Hugging Face and GGUF keep them must give the same ids as the files that they were made
/// of.</summary>
public sealed class DerivedTokenizerTests
{
    [Theory]
    [InlineData("tiny")]
    [InlineData("v1", Traits = [Needs.Trait, Needs.Shared])]
    [InlineData("v3", Traits = [Needs.Trait, Needs.Shared])]
    public void HuggingFace_OfSentencePiece_GivesTheSameIds(string version)
    {
        var pieces = ReferenceVectorTests.Model(version);
        var derived = HuggingFaceTokenizer.Load(JsonSerializer.SerializeToUtf8Bytes(Derive(pieces)), "tokenizer.json", null);
        Assert.Equal((pieces.BosId, pieces.EosId, pieces.VocabularySize), (derived.BosId, derived.EosId, derived.VocabularySize));
        Assert.Equal(pieces.FindControl("[INST]"), derived.FindControl("[INST]"));
        AssertSame(derived, ReferenceVectorTests.Vectors(version));
    }

    [Theory]
    [InlineData("tiny")]
    [InlineData("v1", Traits = [Needs.Trait, Needs.Shared])]
    [InlineData("v7", Traits = [Needs.Trait, Needs.Shared])]
    public void Gguf_OfSentencePiece_GivesTheSameIds(string version)
    {
        var pieces = ReferenceVectorTests.Model(version);
        var ids = Enumerable.Range(0, pieces.VocabularySize).ToList();
        var derived = new GgufVocabulary(
            "llama", "default", [.. ids.Select(pieces.IdToPiece)], [.. ids.Select(pieces.Vocabulary.ScoreOf)],
            [.. ids.Select(id => (int)pieces.Vocabulary.TypeOf(id))], 1, 2, true).Build("vocabulary");
        AssertSame(derived, ReferenceVectorTests.Vectors(version));
    }

    [Fact]
    [Trait(Needs.Trait, Needs.Shared)]
    public void HuggingFaceAndGguf_OfTekken_GiveTheSameIds()
    {
        var tekken = (ByteLevelBpe)TokenizerFile.Load(SharedData.PathOf("data/tokenizers/tekken_240718.json.gz"));
        var vectors = SharedData.Json("data/vectors/tekken.json").GetProperty("vectors");
        string Spell(int id) => tekken.IsControl(id) ? tekken.IdToPiece(id) : Gpt2Bytes.Write(tekken.BytesOf(id));
        var ids = Enumerable.Range(0, tekken.VocabularySize).ToList();
        var gguf = new GgufVocabulary(
            "gpt2", "tekken", [.. ids.Select(Spell)], null, [.. ids.Select(id => tekken.IsControl(id) ? 3 : 1)], 1, 2, true, "v3").Build("vocabulary");
        AssertSame(gguf, vectors);
        Assert.Equal(("v3", 1, 2, 3), (gguf.DeclaredVersion, gguf.BosId, gguf.EosId, gguf.FindControl("[INST]")));

        var json = new JsonObject
        {
            ["added_tokens"] = new JsonArray([.. ids.Where(tekken.IsControl).Select(id => (JsonNode)new JsonObject { ["id"] = id, ["content"] = Spell(id), ["special"] = true })]),
            ["pre_tokenizer"] = new JsonObject
            {
                ["type"] = "Sequence",
                ["pretokenizers"] = new JsonArray(
                    new JsonObject { ["type"] = "Split", ["pattern"] = new JsonObject { ["Regex"] = tekken.Pattern } },
                    new JsonObject { ["type"] = "ByteLevel" }),
            },
            ["model"] = new JsonObject
            {
                ["type"] = "BPE",
                ["vocab"] = new JsonObject(ids.Where(id => !tekken.IsControl(id)).Select(id => KeyValuePair.Create(Spell(id), (JsonNode?)id))),
                ["merges"] = new JsonArray(),
            },
        };
        var derived = HuggingFaceTokenizer.Load(JsonSerializer.SerializeToUtf8Bytes(json), "tokenizer.json", """{"bos_token": "<s>", "eos_token": {"content": "</s>"}}"""u8.ToArray());
        AssertSame(derived, vectors);
        Assert.Equal((1, 2), (derived.BosId, derived.EosId));
    }

    [Theory]
    [InlineData("""{"model": {"type": "Unigram"}}""", "type: found Unigram")]
    [InlineData("""{"model": {"type": "BPE"}}""", "vocab: found nothing")]
    [InlineData("""{"model": {"type": "BPE", "vocab": {"a": 2000000000}, "merges": []}}""", "an id of 2000000000")]
    [InlineData("""{"model": {"type": "BPE", "vocab": {"a": 2147483647}, "merges": []}}""", "an id of 2147483647")]
    [InlineData("""{"model": {"type": "BPE", "vocab": {"a": 0}, "merges": ["\ud800 a"]}}""", "merges: found half of a surrogate pair")]
    [InlineData("""{"model": {"type": "BPE", "vocab": {"a": 0}, "merges": [["a", "\udfff"]]}}""", "merges: found half of a surrogate pair")]
    [InlineData("""{"model": {"type": "BPE", "vocab": {"\ud800": 0}, "merges": []}}""", "found text that is not valid Unicode")]
    [InlineData("""{"model": {"type": "BPE", "vocab": {"a": 0}, "merges": []}, "pre_tokenizer": {"type": "\ud800"}}""", "pre_tokenizer: found half of a surrogate pair")]
    [InlineData("""{"model": {"type": "BPE", "vocab": {"a": 0}, "merges": []}, "normalizer": ["\ud800"]}""", "normalizer: found half of a surrogate pair")]
    [InlineData("""{"model": {"type": "\ud800"}}""", "type: found text that is not valid Unicode")]
    [InlineData("""{"model": {"type": "BPE", "vocab": {"a": 0}, "merges": []}, "added_tokens": [{"id": 1, "content": "\ud800"}]}""", "added_tokens: content: found text")]
    [InlineData("""{"model": {"type": "BPE", "vocab": {"a": 0, "b": 0}, "merges": []}}""", "an id of its own")]
    [InlineData("""{"model": {"type": "BPE", "vocab": {"a": 0}, "merges": ["a"]}}""", "merges: found \"a\"")]
    [InlineData("""{"model": {"type": "BPE", "vocab": {"a": 0}, "merges": []}, "added_tokens": [{"id": -1, "content": "x"}]}""", "found -1")]
    public void HuggingFace_Damaged_IsRefused(string json, string message)
    {
        string found = Assert.Throws<ModelFileException>(
            () => TokenizerFile.Load(System.Text.Encoding.UTF8.GetBytes(json), "tokenizer.json", null)).Message;
        Assert.Contains(message, found);
        Assert.DoesNotContain('\n', found);
    }

    private static void AssertSame(TextTokenizer tokenizer, JsonElement vectors)
    {
        foreach (var vector in vectors.EnumerateArray())
        {
            int[] ids = vector.GetProperty("ids").Deserialize<int[]>()!;
            Assert.Equal(ids, tokenizer.EncodeToIds(vector.GetProperty("text").GetString()!));
        }
    }

    /// <summary>What Hugging Face's converter makes: a merge for every way to part a piece, in the order of the scores.</summary>
    private static JsonObject Derive(SentencePieceBpe pieces)
    {
        var ids = Enumerable.Range(0, pieces.VocabularySize).ToList();
        var known = ids.Select(pieces.IdToPiece).ToHashSet();
        var merges = ids.Where(id => pieces.Vocabulary.TypeOf(id) == PieceType.Normal)
            .OrderByDescending(pieces.Vocabulary.ScoreOf)
            .Select(pieces.IdToPiece)
            .SelectMany(piece => Enumerable.Range(1, piece.Length - 1).Where(at => known.Contains(piece[..at]) && known.Contains(piece[at..])).Select(at => $"{piece[..at]} {piece[at..]}"));
        return new JsonObject
        {
            ["added_tokens"] = new JsonArray(
                [.. ids.Where(id => pieces.IsControl(id) || id == pieces.UnknownId).Select(id => (JsonNode)new JsonObject { ["id"] = id, ["content"] = pieces.IdToPiece(id), ["special"] = true })]),
            ["normalizer"] = new JsonObject
            {
                ["type"] = "Sequence",
                ["normalizers"] = new JsonArray(new JsonObject { ["type"] = "Prepend", ["prepend"] = "▁" }, new JsonObject { ["type"] = "Replace" }),
            },
            ["model"] = new JsonObject
            {
                ["type"] = "BPE",
                ["unk_token"] = "<unk>",
                ["byte_fallback"] = true,
                ["vocab"] = new JsonObject(ids.Select(id => KeyValuePair.Create(pieces.IdToPiece(id), (JsonNode?)id))),
                ["merges"] = new JsonArray([.. merges.Select(merge => (JsonNode)merge)]),
            },
        };
    }
}
