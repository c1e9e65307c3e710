using Xunit;

namespace Mistral.Ilgpu.Tests.Tokenization;

public sealed class SentencePieceOffsetTests
{
    [Fact]
    public void EncodeToTokens_Text_OffsetsAreIntoTheOriginal()
    {
        const string text = "ab cd😀";
        var tokens = SmallModel.English().EncodeToTokens(text, out var normalized);
        Assert.Null(normalized);
        Assert.Equal(
            [("▁ab", "ab"), ("▁cd", " cd"), ("<0xF0>", ""), ("<0x9F>", ""), ("<0x98>", ""), ("<0x80>", "😀")],
            tokens.Select(token => (token.Value, text[token.Offset])));
    }

    [Fact]
    public void EncodeToTokens_RandomText_OffsetsCoverItInOrder()
    {
        var tokenizer = SmallModel.English();
        Seeded.Run(200, random =>
        {
            var text = random.Text(40);
            var tokens = tokenizer.EncodeToTokens(text, out _);
            Assert.Equal(tokenizer.EncodeToIds(text), tokens.Select(token => token.Id));
            Assert.Equal(text, string.Concat(tokens.Select(token => text[token.Offset])));
            Assert.Equal(tokens.Count, tokenizer.CountTokens(text));
        });
    }

    [Fact]
    public void EncodeToIds_WithALimit_EndsAtAWholeCharacter()
    {
        var tokenizer = SmallModel.English();
        Assert.Single(tokenizer.EncodeToIds("ab😀cd", 4, out _, out var consumed));
        Assert.Equal(2, consumed);
        Assert.Equal(5, tokenizer.EncodeToIds("ab😀cd", 5, out _, out consumed).Count);
        Assert.Equal(4, consumed);
        Assert.Empty(tokenizer.EncodeToIds("ab😀cd", 0, out _, out consumed));
        Assert.Equal(0, consumed);
    }

    [Fact]
    public void GetIndexByTokenCount_FromBothEnds_CutsBetweenCharacters()
    {
        var tokenizer = SmallModel.English(); // ▁ab, 4 bytes, cd
        Assert.Equal(2, tokenizer.GetIndexByTokenCount("ab😀cd", 3, out _, out var count));
        Assert.Equal(1, count);
        Assert.Equal(6, tokenizer.GetIndexByTokenCount("ab😀cd", 6, out _, out count));
        Assert.Equal(6, count);
        Assert.Equal(4, tokenizer.GetIndexByTokenCountFromEnd("ab😀cd", 4, out _, out count));
        Assert.Equal(1, count);
        Assert.Equal(2, tokenizer.GetIndexByTokenCountFromEnd("ab😀cd", 5, out _, out count));
        Assert.Equal(5, count);
        Assert.Equal(0, tokenizer.GetIndexByTokenCountFromEnd("ab😀cd", 6, out _, out count));
        Assert.Equal(6, count);
        Assert.Equal(6, tokenizer.GetIndexByTokenCountFromEnd("ab😀cd", 0, out _, out count));
        Assert.Equal(0, count);
    }

    [Fact]
    public void EncodeToIds_WithoutNormalization_TakesTheTextAsItIs()
    {
        var tokenizer = SmallModel.English();
        Assert.Equal(
            tokenizer.EncodeToIds("ab cd"),
            tokenizer.EncodeToIds("▁ab▁cd", considerNormalization: false));
    }
}
