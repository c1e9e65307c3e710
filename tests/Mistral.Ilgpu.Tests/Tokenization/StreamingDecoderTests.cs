using Mistral.Ilgpu.Tokenization;
using Xunit;

namespace Mistral.Ilgpu.Tests.Tokenization;

public sealed class StreamingDecoderTests
{
    [Fact]
    public void Append_BytesOfACharacter_AreHeldBackUntilItIsWhole()
    {
        var decoder = SmallModel.English().CreateDecoder();
        Assert.Equal("", decoder.Append(3 + 0xF0));
        Assert.True(decoder.IsHoldingBytes);
        Assert.Equal("", decoder.Append(3 + 0x9F));
        Assert.Equal("", decoder.Append(3 + 0x98));
        Assert.Equal("😀", decoder.Append(3 + 0x80));
        Assert.False(decoder.IsHoldingBytes);
        Assert.Equal("", decoder.Flush());
    }

    [Fact]
    public void Append_BytesThatCanBeNoCharacter_AreReplacedAtOnce()
    {
        var decoder = SmallModel.English().CreateDecoder();
        Assert.Equal("\uFFFD", decoder.Append(3 + 0xFF));
        Assert.Equal("", decoder.Append(3 + 0xE6));
        Assert.Equal("\uFFFDA", decoder.Append(3 + 'A'));
        Assert.Equal("", decoder.Append(3 + 0xE6));
        Assert.Equal("\uFFFD", decoder.Append(3 + 0xE6));
        Assert.Equal("\uFFFD", decoder.Flush());
    }

    [Fact]
    public void Append_FirstPiece_LosesItsSpaceOnlyAtTheStartOfAText()
    {
        var tokenizer = SmallModel.English();
        var ids = tokenizer.EncodeToIds("ab cd");
        var start = tokenizer.CreateDecoder();
        Assert.Equal(["ab", " cd"], ids.Select(start.Append));
        var continuation = tokenizer.CreateDecoder(isContinuation: true);
        Assert.Equal([" ab", " cd"], ids.Select(continuation.Append));
    }

    [Fact]
    public void Append_RandomIds_JoinToTheWholeDecoding()
    {
        var tokenizer = SmallModel.English();
        Seeded.Run(500, random =>
        {
            // Mostly bytes that begin or continue characters, so that many characters are whole and many are not.
            int NextId() => random.Next(4) switch
            {
                0 => random.Next(tokenizer.VocabularySize),
                1 => 3 + random.Next(0xC0, 0xF5),
                2 => 3 + random.Next(0x80, 0xC0),
                _ => random.Next(SmallModel.FirstPiece, tokenizer.VocabularySize),
            };
            var ids = Enumerable.Range(0, random.Next(40)).Select(_ => NextId()).ToArray();

            var decoder = tokenizer.CreateDecoder();
            var parts = ids.Select(decoder.Append).ToList();
            parts.Add(decoder.Flush());
            Assert.Equal(tokenizer.Decode(ids), string.Concat(parts));
            var cut = parts.Where(part => part.Length > 0 && (char.IsHighSurrogate(part[^1]) || char.IsLowSurrogate(part[0])));
            Assert.Empty(cut);
        });
    }

    [Fact]
    public void Append_RandomTextCutAnywhere_ContinuesThePrompt()
    {
        var tokenizer = SmallModel.English();
        Seeded.Run(200, random =>
        {
            var text = random.Text(30);
            var ids = tokenizer.EncodeToIds(text);
            var cut = random.Next(ids.Count + 1);
            // A cut inside a character leaves bytes that neither side can show.
            while (cut > 0 && cut < ids.Count && tokenizer.IdToPiece(ids[cut]).StartsWith("<0x", StringComparison.Ordinal)) cut--;
            var decoder = tokenizer.CreateDecoder(isContinuation: cut > 0);
            var rest = string.Concat(ids.Skip(cut).Select(decoder.Append)) + decoder.Flush();
            Assert.Equal(text, tokenizer.Decode(ids.Take(cut)) + rest);
        });
    }
}
