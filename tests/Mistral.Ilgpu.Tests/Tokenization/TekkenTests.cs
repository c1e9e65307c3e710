using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;
using Mistral.Ilgpu.Kernels.Tests;
using Mistral.Ilgpu.Tokenization;
using Xunit;

namespace Mistral.Ilgpu.Tests.Tokenization;

/// <summary>Mistral's own Tekken against ids from an independent implementation, and small ones, whole and damaged.</summary>
public sealed class TekkenTests
{
    private static readonly Lazy<ByteLevelBpe> Shared = new(() =>
        (ByteLevelBpe)TokenizerFile.Load(SharedData.PathOf("data/tokenizers/tekken_240718.json.gz")));

    [Fact]
    [Trait(Needs.Trait, Needs.Shared)]
    public void EncodeAndDecode_ReferenceTexts_AreExact()
    {
        var vectors = SharedData.Json("data/vectors/tekken.json").GetProperty("vectors");
        Assert.True(vectors.GetArrayLength() >= 100, "too few vectors");
        foreach (var vector in vectors.EnumerateArray())
        {
            string text = vector.GetProperty("text").GetString()!;
            int[] ids = vector.GetProperty("ids").Deserialize<int[]>()!;
            Assert.Equal(ids, Shared.Value.EncodeToIds(text));
            Assert.Equal(text, Shared.Value.Decode(ids));
        }
    }

    [Fact]
    [Trait(Needs.Trait, Needs.Shared)]
    public void Encode_TextOfControlTokens_StaysText()
    {
        const string Text = "<s>[INST] a [/INST]</s>";
        var ids = Shared.Value.EncodeToIds(Text);
        Assert.DoesNotContain(ids, id => Shared.Value.IsControl(id));
        Assert.Equal(Text, Shared.Value.Decode(ids));
        Assert.Equal(
            (1, 2, 3, 4),
            (Shared.Value.BosId, Shared.Value.EosId, Shared.Value.FindControl("[INST]"), Shared.Value.FindControl("[/INST]")));
        Assert.Equal(-1, Shared.Value.FindControl("Hello"));
        Assert.Equal("v3", Shared.Value.DeclaredVersion);
        Assert.Equal(131072, Shared.Value.VocabularySize);
    }

    [Theory]
    [InlineData("small")]
    [InlineData("Mistral's", Traits = [Needs.Trait, Needs.Shared])]
    public void Append_RandomIds_JoinToTheWholeDecoding(string of)
    {
        var (tokenizer, specials) = Tokenizer(of);
        Seeded.Run(200, random =>
        {
            int[] ids = [.. Enumerable.Range(0, 60).Select(_ => random.Next(3) == 0 ? specials + random.Next(256) : random.Next(tokenizer.VocabularySize))];
            var decoder = tokenizer.CreateDecoder();
            string joined = string.Concat(ids.Select(decoder.Append)) + decoder.Flush();
            Assert.Equal(tokenizer.Decode(ids), joined);
        });
    }

    [Theory]
    [InlineData("small")]
    [InlineData("Mistral's", Traits = [Needs.Trait, Needs.Shared])]
    public void Encode_RandomUnicode_DecodesToItself(string of)
    {
        var (tokenizer, _) = Tokenizer(of);
        Seeded.Run(200, random =>
        {
            string text = random.Text(200);
            Assert.Equal(text, tokenizer.Decode(tokenizer.EncodeToIds(text)));
        });
    }

    [Fact]
    public void Load_SmallFile_JoinsByRank()
    {
        var tokenizer = Tekken.Load(Bytes(Small("ab", "abc", "bc")), "small");
        Assert.Equal([20 + 257], tokenizer.EncodeToIds("abc"));
        Assert.Equal([20 + 'b', 20 + 'x'], tokenizer.EncodeToIds("bx"));
        Assert.Equal("abc", tokenizer.Decode([20 + 'a', 20 + 258]));
        Assert.Equal("<0xE4>", tokenizer.IdToPiece(20 + 0xE4));
    }

    [Fact]
    public void Encode_LettersBeyondTheBasicPlane_AreWordsAsAnyOther()
    {
        // U+20000 is a letter, so that it is one word with the letter before it, and only within a word are tokens joined.
        var tokenizer = Tekken.Load(Bytes(Small("\U00020000", "a\U00020000")), "small");
        Assert.Equal([20 + 257], tokenizer.EncodeToIds("a\U00020000"));
        Assert.Equal([20 + 0xEF, 20 + 0xBF, 20 + 0xBD], tokenizer.EncodeToIds("\uD800"));
    }

    [Fact]
    public void Encode_PatternThatHangs_IsRefusedInTime()
    {
        var json = Small("ab");
        json["config"]!["pattern"] = "(a+)+b|.";
        var tokenizer = Tekken.Load(Bytes(json), "small");
        Assert.Contains(
            "the pattern takes more than",
            Assert.Throws<ModelFileException>(() => tokenizer.EncodeToIds(new string('a', 60))).Message);
    }

    // 400,000 letters without a break took 16 s when each merge looked at all that were left.
    [Fact]
    public void Encode_LongWord_TakesNoLongerForEachLetter()
    {
        var tokenizer = Tekken.Load(Bytes(Small("ab", "cd", "abcd", "abcdabcd")), "small");
        var ids = tokenizer.EncodeToIds(string.Concat(Enumerable.Repeat("abcd", 500_000)) + "a");
        Assert.Equal(250_001, ids.Count);
        Assert.Equal([20 + 259, 20 + 'a'], ids.TakeLast(2));
    }

    [Fact]
    public void Encode_RandomTexts_EqualTiktoken()
    {
        string[] joined = ["aa", "ab", "ba", "aab", "abab", "bc", "abc", "é", "中", "😀", " a", "  ", "cc", "ccc", "cccc"];
        var tokenizer = Tekken.Load(Bytes(Small(joined)), "small");
        var ranks = Enumerable.Range(0, 256).Select(value => new[] { (byte)value }).Concat(joined.Select(Encoding.UTF8.GetBytes))
            .Select((token, rank) => $"{Convert.ToBase64String(token)} {rank + 20}\n");
        using var file = new MemoryStream(Encoding.UTF8.GetBytes(string.Concat(ranks)));
        var words = new PatternPreTokenizer(new System.Text.RegularExpressions.Regex(tokenizer.Pattern), "small");
        var tiktoken = Microsoft.ML.Tokenizers.TiktokenTokenizer.Create(file, words, null);
        Seeded.Run(500, random =>
        {
            string text = string.Concat(
                Enumerable.Range(0, random.Next(80)).Select(_ => joined[random.Next(joined.Length)])) + random.Text(20);
            Assert.Equal(tiktoken.EncodeToIds(text), tokenizer.EncodeToIds(text));
        });
    }

    [Fact]
    public void EncodeToTokens_CharactersInParts_EndWithTheirLastToken()
    {
        var tokenizer = Tekken.Load(Bytes(Small("ab")), "small");
        var tokens = tokenizer.EncodeToTokens("abé😀", out _);
        Assert.Equal([0..2, 2..2, 2..3, 3..3, 3..3, 3..3, 3..5], tokens.Select(token => token.Offset));
        Assert.Equal(
            [20 + 256, 20 + 0xC3, 20 + 0xA9, 20 + 0xF0, 20 + 0x9F, 20 + 0x98, 20 + 0x80], tokens.Select(token => token.Id));
        Assert.Single(tokenizer.EncodeToIds("abé", 2, out _, out int consumed));
        Assert.Equal(2, consumed);
        Assert.Equal(7, tokenizer.CountTokens("abé😀"));
    }

    public static TheoryData<string, string> Damages => new()
    {
        { "config", "config: found nothing" },
        { "vocab", "vocab: found nothing" },
        { "pattern", "config.pattern: found nothing" },
        { "regex", "pattern: found one that is not usable" },
        { "alternatives", "pattern: found 39999 characters, expected at most 4096" },
        { "rank", "vocab[3]: found rank 7" },
        { "base64", "not a Tekken tokenizer" },
        { "byte", "found no token for byte 0x41" },
        { "short", "vocab: found 258 tokens" },
        { "huge", "config: found 2000000000 tokens" },
        { "specials", "special_tokens: found 'x'" },
        { "duplicate", "token 277 twice" },
    };

    [Theory]
    [MemberData(nameof(Damages))]
    public void Load_Damaged_IsRefused(string damage, string message)
    {
        var json = Small("ab", "abc", "bc");
        var config = json["config"]!.AsObject();
        var vocabulary = json["vocab"]!.AsArray();
        switch (damage)
        {
            case "config" or "vocab":
                json.Remove(damage);
                break;
            case "pattern":
                config.Remove("pattern");
                break;
            case "regex":
                config["pattern"] = "(";
                break;
            case "alternatives":
                config["pattern"] = string.Join('|', Enumerable.Repeat('a', 20_000));
                break;
            case "rank":
                vocabulary[3]!["rank"] = 7;
                break;
            case "base64":
                vocabulary[3]!["token_bytes"] = "%";
                break;
            case "byte":
                vocabulary[0x41]!["token_bytes"] = Convert.ToBase64String("zz"u8);
                break;
            case "short":
                vocabulary.RemoveAt(vocabulary.Count - 1);
                break;
            case "huge":
                config["default_vocab_size"] = 2_000_000_000;
                break;
            case "specials":
                json["special_tokens"] = new JsonArray(new JsonObject { ["rank"] = 20, ["token_str"] = "x" });
                break;
            default:
                vocabulary[257]!["token_bytes"] = Convert.ToBase64String("ab"u8);
                break;
        }

        string found = Assert.Throws<ModelFileException>(() => Tekken.Load(Bytes(json), "small")).Message;
        Assert.Contains(message, found);
        Assert.DoesNotContain('\n', found);
    }

    [Fact]
    public void Load_BytesChanged_IsReadOrRefused()
    {
        byte[] whole = Bytes(Small("ab", "abc", "bc"));
        Seeded.Run(300, random =>
        {
            byte[] changed = whole[..random.Next(1, whole.Length + 1)];
            for (int changes = random.Next(4); changes > 0; changes--)
            {
                changed[random.Next(changed.Length)] = (byte)random.Next(256);
            }

            try
            {
                TokenizerFile.Load(changed, "changed", null);
            }
            catch (ModelFileException exception)
            {
                Assert.DoesNotContain('\n', exception.Message);
            }
        });
    }

    private static (ByteLevelBpe Tokenizer, int Specials) Tokenizer(string of) =>
        of == "small" ? (Tekken.Load(Bytes(Small("ab", "abc", "de", "é", "日", "日本")), "small"), 20) : (Shared.Value, 1000);

    private static byte[] Bytes(JsonObject json) => Encoding.UTF8.GetBytes(json.ToJsonString());

    private static JsonObject Small(params string[] joined) => SmallTekken.Json(20, joined);
}
