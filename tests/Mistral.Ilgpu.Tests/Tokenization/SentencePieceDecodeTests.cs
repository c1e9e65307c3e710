using System.Buffers;
using Xunit;

namespace Mistral.Ilgpu.Tests.Tokenization;

public sealed class SentencePieceDecodeTests
{
    [Theory]
    [InlineData(new[] { 1, 260, 2 }, "▁", "a", "a")]
    [InlineData(new[] { 259, 260 }, "▁", "a", "a")]
    [InlineData(new[] { 259, 259, 260 }, "▁", "a", " a")]
    [InlineData(new[] { 1, 259, 1, 259, 260 }, "▁", "a", " a")]
    [InlineData(new[] { 260, 260 }, "▁a", "▁▁a", " a  a")]
    [InlineData(new[] { 3 + 'x', 259 }, "▁a", "b", "x a")]
    [InlineData(new[] { 0, 259 }, "▁a", "b", " \u2047  a")]
    public void Decode_LeadingSpace_IsTakenOffOnce(int[] ids, string first, string second, string expected) =>
        Assert.Equal(expected, SmallModel.Proto((first, -1), (second, -2)).Load().Decode(ids));

    [Theory]
    [InlineData(new[] { 0xE6, 0x97, 0xA5 }, "日")]
    [InlineData(new[] { 0xE6, 0x97 }, "\uFFFD\uFFFD")]
    [InlineData(new[] { 0xE6, 0x97, 0x41 }, "\uFFFD\uFFFDA")]
    [InlineData(new[] { 0xF0, 0x9F, 0x98, 0x80 }, "😀")]
    [InlineData(new[] { 0xF0, 0x9F, 0x98, 0xE6, 0x97, 0xA5 }, "\uFFFD\uFFFD\uFFFD日")]
    [InlineData(new[] { 0xC0, 0x80 }, "\uFFFD\uFFFD")] // overlong
    [InlineData(new[] { 0xED, 0xA0, 0x80 }, "\uFFFD\uFFFD\uFFFD")] // a surrogate
    [InlineData(new[] { 0xF4, 0x90, 0x80, 0x80 }, "\uFFFD\uFFFD\uFFFD\uFFFD")] // past U+10FFFF
    [InlineData(new[] { 0x80, 0x41 }, "\uFFFDA")]
    [InlineData(new[] { 0xEF, 0xBF, 0xBD }, "\uFFFD")]
    public void Decode_Bytes_AreAssembledOrReplacedOneByOne(int[] bytes, string expected) =>
        Assert.Equal(expected, SmallModel.English().Decode(bytes.Select(value => 3 + value)));

    [Fact]
    public void Decode_ControlTokenBetweenBytes_BreaksTheCharacter() =>
        Assert.Equal("\uFFFD\uFFFD\uFFFD", SmallModel.English().Decode([3 + 0xE6, 3 + 0x97, 1, 3 + 0xA5]));

    [Theory]
    [InlineData(-1)]
    [InlineData(int.MaxValue)]
    public void Decode_IdOutOfRange_IsRefused(int id)
    {
        var tokenizer = SmallModel.English();
        Assert.Throws<ArgumentOutOfRangeException>(() => tokenizer.Decode([id]));
        Assert.Throws<ArgumentOutOfRangeException>(() => tokenizer.IdToPiece(id));
        Assert.Throws<ArgumentOutOfRangeException>(() => tokenizer.IsControl(id));
        Assert.Equal(OperationStatus.InvalidData, tokenizer.Decode([id], new char[9], out _, out _));
    }

    [Fact]
    public void Decode_IntoASpan_StopsBeforeWhatDoesNotFit()
    {
        var tokenizer = SmallModel.English();
        var ids = tokenizer.EncodeToIds("ab cd😀");
        var text = new char[7];
        Assert.Equal(OperationStatus.Done, tokenizer.Decode(ids, text, out var consumed, out var written));
        Assert.Equal((ids.Count, "ab cd😀"), (consumed, new string(text, 0, written)));
        Assert.Equal(OperationStatus.DestinationTooSmall, tokenizer.Decode(ids, text.AsSpan(0, 6), out consumed, out written));
        Assert.Equal((2, "ab cd"), (consumed, new string(text, 0, written)));
        Assert.Equal(OperationStatus.DestinationTooSmall, tokenizer.Decode(ids, text.AsSpan(0, 4), out consumed, out written));
        Assert.Equal((1, "ab"), (consumed, new string(text, 0, written)));
    }

    [Fact]
    public void Properties_OfALoadedModel_NameItsPieces()
    {
        var tokenizer = SmallModel.English();
        Assert.Equal((1, 2, 0, 275), (tokenizer.BosId, tokenizer.EosId, tokenizer.UnknownId, tokenizer.VocabularySize));
        Assert.Equal("▁a", tokenizer.IdToPiece(266));
        Assert.Equal([false, true, true, false], Enumerable.Range(0, 4).Select(tokenizer.IsControl));
    }
}
