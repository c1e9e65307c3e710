using System.Text.Json;
using Mistral.Ilgpu.Kernels.Tests;
using Mistral.Ilgpu.Tests.Cli;
using Mistral.Ilgpu.Tokenization;
using Xunit;

namespace Mistral.Ilgpu.Tests.Tokenization;

/// <summary>The built-in model's SentencePiece model and Mistral's own against ids and texts from libsentencepiece.</summary>
public sealed class ReferenceVectorTests
{
    [Theory]
    [InlineData("tiny")]
    [InlineData("v1", Traits = [Needs.Trait, Needs.Shared])]
    [InlineData("v2", Traits = [Needs.Trait, Needs.Shared])]
    [InlineData("v3", Traits = [Needs.Trait, Needs.Shared])]
    [InlineData("v7", Traits = [Needs.Trait, Needs.Shared])]
    public void EncodeAndDecode_ReferenceTexts_AreExact(string version)
    {
        var tokenizer = Model(version);
        var vectors = Vectors(version);
        Assert.True(vectors.GetArrayLength() >= 100, "too few vectors");
        foreach (var vector in vectors.EnumerateArray())
        {
            var text = vector.GetProperty("text").GetString()!;
            var ids = vector.GetProperty("ids").Deserialize<int[]>()!;
            var got = tokenizer.EncodeToIds(text);
            Assert.True(
                ids.SequenceEqual(got),
                $"{JsonSerializer.Serialize(text)}: {string.Join(',', got)}, not {string.Join(',', ids)}");
            Assert.Equal(vector.GetProperty("decoded").GetString(), tokenizer.Decode(ids));
        }
    }

    [Fact]
    [Trait(Needs.Trait, Needs.Shared)]
    public void Encode_RunOfEqualLetters_TakesTheReferencesTie() =>
        Assert.Equal([686, 6748, 6748, 28764], MistralModel("v1").EncodeToIds("zzzzzz"));

    [Theory]
    [InlineData("tiny")]
    [InlineData("v3", Traits = [Needs.Trait, Needs.Shared])]
    public void Encode_RandomUnicode_DecodesToItself(string version)
    {
        var tokenizer = Model(version);
        Seeded.Run(300, random =>
        {
            var text = random.Text(200);
            Assert.Equal(text, tokenizer.Decode(tokenizer.EncodeToIds(text)));
        });
    }

    [Theory]
    [InlineData("tiny")]
    [InlineData("v1", Traits = [Needs.Trait, Needs.Shared])]
    public void Append_RandomIds_JoinToTheWholeDecoding(string version)
    {
        var tokenizer = Model(version);
        Seeded.Run(300, random =>
        {
            int NextId() => random.Next(random.Next(2) == 0 ? 259 : tokenizer.VocabularySize);
            var ids = Enumerable.Range(0, 60).Select(_ => NextId()).ToArray();
            var decoder = tokenizer.CreateDecoder();
            Assert.Equal(tokenizer.Decode(ids), string.Concat(ids.Select(decoder.Append)) + decoder.Flush());
        });
    }

    /// <summary>Texts with ids and decodings by libsentencepiece.</summary>
    internal static JsonElement Vectors(string version) =>
        version == "tiny"
            ? TestData.Json("tiny-ids.json")
            : SharedData.Json("data/vectors/spm.json").GetProperty("vectors").GetProperty(version);

    internal static SentencePieceBpe Model(string version) =>
        version == "tiny" ? (SentencePieceBpe)TinyModel.Required.Tokenizer : MistralModel(version);

    internal static SentencePieceBpe MistralModel(string version)
    {
        var file = SharedData.Json("data/vectors/spm.json").GetProperty("files").GetProperty(version).GetString();
        return SentencePieceBpe.Load(SharedData.PathOf($"data/tokenizers/{file}"));
    }
}
