using System.Text.Json;
using Mistral.Ilgpu.Tokenization;
using Xunit;

namespace Mistral.Ilgpu.Tests.Tokenization;

/// <summary>Mistral's own SentencePiece models against ids and texts from libsentencepiece.</summary>
public sealed class ReferenceVectorTests
{
    [Theory]
    [InlineData("v1")]
    [InlineData("v2")]
    [InlineData("v3")]
    [InlineData("v7")]
    public void EncodeAndDecode_ReferenceTexts_AreExact(string version)
    {
        var tokenizer = MistralModel(version);
        var vectors = SharedData.Json("data/vectors/spm.json").GetProperty("vectors").GetProperty(version);
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
    public void Encode_RunOfEqualLetters_TakesTheReferencesTie() =>
        Assert.Equal([686, 6748, 6748, 28764], MistralModel("v1").EncodeToIds("zzzzzz"));

    [Fact]
    public void Encode_RandomUnicode_DecodesToItself()
    {
        var tokenizer = MistralModel("v3");
        Seeded.Run(300, random =>
        {
            var text = random.Text(200);
            Assert.Equal(text, tokenizer.Decode(tokenizer.EncodeToIds(text)));
        });
    }

    [Fact]
    public void Append_RandomIds_JoinToTheWholeDecoding()
    {
        var tokenizer = MistralModel("v1");
        Seeded.Run(300, random =>
        {
            int NextId() => random.Next(random.Next(2) == 0 ? 259 : tokenizer.VocabularySize);
            var ids = Enumerable.Range(0, 60).Select(_ => NextId()).ToArray();
            var decoder = tokenizer.CreateDecoder();
            Assert.Equal(tokenizer.Decode(ids), string.Concat(ids.Select(decoder.Append)) + decoder.Flush());
        });
    }

    internal static SentencePieceBpe MistralModel(string version)
    {
        var file = SharedData.Json("data/vectors/spm.json").GetProperty("files").GetProperty(version).GetString();
        return SentencePieceBpe.Load(SharedData.PathOf($"data/tokenizers/{file}"));
    }
}
