using System.Text;
using Mistral.Ilgpu.Tokenization;
using Xunit;
using PieceType = Mistral.Ilgpu.Tokenization.Proto.ModelProto.Types.SentencePiece.Types.Type;

namespace Mistral.Ilgpu.Tests.Tokenization;

public sealed class SentencePieceEncodeTests
{
    [Fact]
    public void Encode_EmptyText_GivesNoIds() => Assert.Empty(SmallModel.English().EncodeToIds(""));

    [Fact]
    public void Encode_Text_StartsWithTheAddedSpaceAndNoControlToken() =>
        Assert.Equal(["▁ab", "▁", "cd"], SmallModel.Proto(("▁", -9), ("ab", -1), ("▁ab", -2), ("cd", -3)).Load().Pieces("ab cd"));

    [Fact]
    public void Encode_WithoutDummyPrefix_AddsNoSpace()
    {
        var model = SmallModel.Proto(("a", -1), ("▁a", -2));
        model.NormalizerSpec.AddDummyPrefix = false;
        var tokenizer = model.Load();
        Assert.Equal(["a", "▁a"], tokenizer.Pieces("a a"));
        Assert.Equal(" a", tokenizer.Decode(tokenizer.EncodeToIds(" a")));
    }

    [Fact]
    public void Encode_EqualScores_MergesTheLeftmostPair()
    {
        // The reference's ids of "zzzzzz" under Mistral's model: the leftmost pair of equal score is merged first.
        var tokenizer = SmallModel.Proto(("▁", -9), ("z", -8), ("zz", -5), ("▁z", -3)).Load();
        Assert.Equal(["▁z", "zz", "zz", "z"], tokenizer.Pieces("zzzzzz"));
    }

    [Fact]
    public void Encode_HigherScoreOnTheRight_MergesItFirst() =>
        Assert.Equal(["▁", "a", "bc"], SmallModel.Proto(("▁", -9), ("a", -8), ("ab", -5), ("bc", -4)).Load().Pieces("abc"));

    [Fact]
    public void Encode_ZeroAndNegativeZeroScores_AreATie() =>
        Assert.Equal(["▁", "ab", "c"], SmallModel.Proto(("▁", -9), ("c", -8), ("ab", -0f), ("bc", 0f)).Load().Pieces("abc"));

    [Fact]
    public void Encode_UnknownCharacter_FallsBackToItsBytes() =>
        Assert.Equal(["▁", "<0xF0>", "<0x9F>", "<0x98>", "<0x80>"], SmallModel.Proto(("▁", -1)).Load().Pieces("😀"));

    [Fact]
    public void Encode_UnknownRunWithoutBytes_IsOneUnknownToken()
    {
        var tokenizer = SmallModel.Proto(false, ("▁", -1), ("a", -2)).Load();
        Assert.Equal(["▁", "<unk>", "a", "<unk>"], tokenizer.Pieces("xyaz"));
        Assert.Equal(" \u2047 ", tokenizer.Decode([tokenizer.UnknownId]));
    }

    [Fact]
    public void Encode_LoneSurrogate_IsTheReplacementCharacter()
    {
        var tokenizer = SmallModel.English();
        Assert.Equal(tokenizer.EncodeToIds("a\uFFFDb"), tokenizer.EncodeToIds("a\uD800b"));
        Assert.Equal(tokenizer.EncodeToIds("a\uFFFD😀\uFFFD"), tokenizer.EncodeToIds("a\uDC00😀\uD83D"));
        Assert.Equal(["▁", "\uFFFDa"], SmallModel.Proto(("▁", -1), ("\uFFFDa", -2)).Load().Pieces("\uD800a"));
    }

    [Fact]
    public void Encode_NamesOfControlUnknownAndBytePieces_AreText()
    {
        var tokenizer = SmallModel.English();
        const string text = "</s><s><unk><0x0A>";
        var ids = tokenizer.EncodeToIds(text);
        Assert.DoesNotContain(ids, id => tokenizer.IsControl(id) || id == tokenizer.UnknownId);
        Assert.Equal(text, tokenizer.Decode(ids));
    }

    [Fact]
    public void Encode_UserDefinedPiece_IsTakenLongestFirstAndNeverMerged()
    {
        var tokenizer = SmallModel.Proto(("▁", -9), ("a", -8), ("a[x]", -1), ("[x]a", -1))
            .With("[x]", PieceType.UserDefined).With("[x]]", PieceType.UserDefined).With("[x]▁y", PieceType.UserDefined).Load();
        Assert.Equal(["▁", "a", "[x]", "a", "[x]]", "<0x5D>"], tokenizer.Pieces("a[x]a[x]]]"));
        Assert.Equal(["▁", "a", "[x]▁y"], tokenizer.Pieces("a[x] y"));
        Assert.Equal("a[x] y", tokenizer.Decode(tokenizer.EncodeToIds("a[x] y")));
    }

    [Fact]
    public void Encode_UnusedPiece_IsMergedThroughButTakenApartAgain()
    {
        var tokenizer = SmallModel.Proto(("▁", -9), ("a", -8), ("b", -8), ("c", -8), ("abc", -2))
            .With("ab", PieceType.Unused, -1).Load();
        Assert.Equal(["▁", "a", "b", "▁", "abc"], tokenizer.Pieces("ab abc"));
    }

    [Fact]
    public void Encode_RandomModelAndText_EqualsTheDefinition()
    {
        Seeded.Run(300, random =>
        {
            // Few letters and few scores, so that ties, overlaps and pieces across words are common.
            var scores = new Dictionary<string, float>();
            for (var i = random.Next(1, 40); i > 0; i--)
                scores[string.Concat(random.GetItems("ab▁😀".EnumerateRunes().ToArray(), random.Next(1, 5)))] = -random.Next(4);
            var tokenizer = SmallModel.Proto([.. scores.Select(pair => (pair.Key, pair.Value))]).Load();

            var text = string.Concat(random.GetItems("aab 😀".EnumerateRunes().ToArray(), random.Next(1, 60)));
            var characters = ("▁" + text.Replace(' ', '▁')).EnumerateRunes().Select(rune => rune.ToString());
            var expected = NaiveBpe.Split(characters, scores).SelectMany(piece => scores.ContainsKey(piece)
                ? [piece]
                : Encoding.UTF8.GetBytes(piece).Select(value => $"<0x{value:X2}>"));
            Assert.Equal(expected, tokenizer.Pieces(text));
        });
    }

    [Fact]
    public void Encode_RandomUnicode_DecodesToItself()
    {
        var tokenizer = SmallModel.English();
        Seeded.Run(500, random =>
        {
            var text = random.Text(80);
            Assert.Equal(text, tokenizer.Decode(tokenizer.EncodeToIds(text)));
        });
    }

    [Fact]
    public void Encode_FromManyThreads_GivesTheSameIds()
    {
        var tokenizer = SmallModel.English();
        var texts = Enumerable.Range(0, 64).Select(seed => new Random(seed).Text(2000)).ToArray();
        var alone = texts.Select(text => tokenizer.EncodeToIds(text)).ToArray();
        Parallel.For(0, 640, i => Assert.Equal(alone[i % 64], tokenizer.EncodeToIds(texts[i % 64])));
    }

    [Fact]
    public void Encode_MillionEqualLetters_TakesNoQuadraticTime()
    {
        var tokenizer = SmallModel.Proto(("▁", -9), ("z", -8), ("zz", -5), ("zzzz", -6)).Load();
        Assert.Equal(250_001, tokenizer.CountTokens(new string('z', 1_000_000)));
    }
}
