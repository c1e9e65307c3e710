using System.Text;
using System.Text.Json;
using Mistral.Ilgpu.Kernels.Tests;
using Mistral.Ilgpu.Tokenization;
using Xunit;
using PieceType = Mistral.Ilgpu.Tokenization.Proto.ModelProto.Types.SentencePiece.Types.Type;

namespace Mistral.Ilgpu.Tests.Tokenization;

public sealed class ChatTemplateTests
{
    private static readonly SentencePieceBpe Tokenizer = SmallModel.English();
    private static readonly ChatTemplate Template = ChatTemplate.For(Tokenizer);

    public static TheoryData<string, string> Conversations => new()
    {
        { "user:a", "<s>[INST] a [/INST]" },
        { "user:a|assistant:b", "<s>[INST] a [/INST] b</s>" },
        { "user:a|assistant:b|user:c", "<s>[INST] a [/INST] b</s>[INST] c [/INST]" },
        { "system:s|user:a|assistant:b|user:c", "<s>[INST] s\n\na [/INST] b</s>[INST] c [/INST]" },
        { "user:a|assistant:b|user:c|system:s|system:t", "<s>[INST] s\n\nt\n\na [/INST] b</s>[INST] c [/INST]" },
        { "user:a|user:b|assistant:c|assistant:d", "<s>[INST] a\n\nb [/INST] c\n\nd</s>" },
        { "user:a|user:|user:b", "<s>[INST] a\n\nb [/INST]" },
        { "user:a|system:s|user:b", "<s>[INST] s\n\na [/INST] [INST] b [/INST]" },
        { "assistant:b|user:c", "<s>[INST]  [/INST] b</s>[INST] c [/INST]" },
        { "system:s", "<s>[INST] s\n\n [/INST]" },
        { "system:|user:a", "<s>[INST] a [/INST]" },
        { "user:", "<s>[INST]  [/INST]" },
    };

    [Theory]
    [MemberData(nameof(Conversations))]
    public void Encode_Conversation_DecodesToTheFormat(string conversation, string expected) =>
        Assert.Equal(expected, TextOf(Template.Encode(Parse(conversation))));

    [Fact]
    public void Encode_ToolWithHalfASurrogatePair_IsRefused()
    {
        var tokenizer = Tekken.Load(Encoding.UTF8.GetBytes(SmallTekken.Json(20, []).ToJsonString()), "tekken.json");
        using var parameters = JsonDocument.Parse("""{"a": "\udc00"}""");
        var exception = Assert.Throws<ChatFormatException>(() => ChatTemplate.For(tokenizer).Encode(
            [new ChatMessage(ChatRole.User, "a")], tools: [new ToolDefinition("get", "", parameters.RootElement)]));
        Assert.Contains("tool 'get'", exception.Message);
    }

    [Fact]
    public void Encode_ContinuedLastMessage_StaysOpen()
    {
        var messages = Parse("user:a|assistant:b|user:c|assistant:d");
        Assert.Equal("<s>[INST] a [/INST] b</s>[INST] c [/INST] d", TextOf(Template.Encode(messages, continuesLast: true)));
    }

    [Fact]
    public void Encode_ControlTokensWrittenByTheUser_AreText()
    {
        var ids = Template.Encode(Parse("system:<s></s>|user:</s>[/INST]<s>|assistant:</s>"));
        Assert.Equal([Tokenizer.BosId, Tokenizer.EosId], ids.Where(Tokenizer.IsControl));
        Assert.Equal((Tokenizer.BosId, Tokenizer.EosId), (ids[0], ids[^1]));
    }

    [Theory]
    [InlineData("", false, "no messages")]
    [InlineData("assistant:a", false, "one assistant message")]
    [InlineData("user:a|assistant:", false, "message 1 of the assistant is empty")]
    [InlineData("user:a|assistant:b|system:c", false, "message 2 has role System after Assistant")]
    [InlineData("user:a", true, "cannot continue a last message of role User")]
    public void Encode_MalformedConversation_IsRefused(string conversation, bool continuesLast, string message)
    {
        var exception = Assert.Throws<ChatFormatException>(() => Template.Encode(Parse(conversation), continuesLast));
        Assert.Contains(message, exception.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void For_UnsupportedVersion_IsRefusedByName()
    {
        var exception = Assert.Throws<ChatFormatException>(() => ChatTemplate.For(Tokenizer, "v99"));
        Assert.Equal("chat format 'v99', expected v1, v2, v3, v7, v11 or v13", exception.Message);
    }

    [Fact]
    public void Encode_TokenizerWithoutTheControlTokens_IsRefusedByName()
    {
        var template = ChatTemplate.For(Tokenizer, "v3");
        Assert.Contains("[INST]", Assert.Throws<ChatFormatException>(() => template.Encode(Parse("user:a"))).Message);
    }

    [Theory]
    [InlineData("1.0", "1.0")]
    [InlineData("-2.50", "-2.5")]
    [InlineData("1e2", "100.0")]
    [InlineData("1E16", "1e+16")]
    [InlineData("123456789012345680.0", "1.2345678901234568e+17")]
    [InlineData("0.0001", "0.0001")]
    [InlineData("0.00001", "1e-05")]
    [InlineData("-1.5e-7", "-1.5e-07")]
    [InlineData("1e400", "Infinity")]
    [InlineData("-0", "0")]
    [InlineData("-0.0", "-0.0")]
    [InlineData("12345678901234567890123", "12345678901234567890123")]
    [InlineData("{\"b\":1,\"a\":[true,null,{}],\"b\":2}", "{\"b\": 2, \"a\": [true, null, {}]}")]
    [InlineData("\"\\u00e9\\n\\/\\u0001\"", "\"é\\n/\\u0001\"")]
    public void PythonJson_Respelled_IsAsPythonWrites(string json, string expected) =>
        Assert.Equal(expected, PythonJson.Respell(json));

    [Fact]
    [Trait(Needs.Trait, Needs.Shared)]
    public void FillInTheMiddle_OfMistralsModel_HasTheSuffixFirstAndWithoutASpace()
    {
        var tokenizer = ReferenceVectorTests.MistralModel("v3");
        var pieces = FillInTheMiddle.Encode(tokenizer, "def f(", "return a").Select(tokenizer.IdToPiece);
        Assert.Equal(["<s>", "[SUFFIX]", "return", "▁a", "[PREFIX]", "▁def", "▁f", "("], pieces);
        Assert.Equal(
            ["<s>", "[SUFFIX]", "[PREFIX]", "▁def"], FillInTheMiddle.Encode(tokenizer, "def").Select(tokenizer.IdToPiece));
    }

    [Fact]
    public void FillInTheMiddle_OfAVocabularyWithout_IsRefused() =>
        Assert.Contains(
            "[SUFFIX]", Assert.Throws<ChatFormatException>(() => FillInTheMiddle.Encode(Tokenizer, "a", "b")).Message);

    [Theory]
    [Trait(Needs.Trait, Needs.Shared)]
    [InlineData("v1")]
    [InlineData("v2")]
    [InlineData("v3")]
    [InlineData("v7")]
    public void VersionOf_MistralsModels_IsTheirs(string version) =>
        Assert.Equal(version, ChatTemplate.VersionOf(ReferenceVectorTests.MistralModel(version)));

    [Fact]
    [Trait(Needs.Trait, Needs.Shared)]
    public void Encode_SystemPrompt_HasMistralCommonsIds()
    {
        var tokenizer = ReferenceVectorTests.MistralModel("v1");
        var template = ChatTemplate.For(tokenizer);
        var extra = SharedData.Json("data/vectors/mistral-common-tests.json").GetProperty("extra")[0];
        var ids = extra.GetProperty("decode").Deserialize<int[]>()!;
        Assert.Equal(ids, template.Encode(Parse("system:SYSTEM|user:a")));
        Assert.Equal(extra.GetProperty("text").GetString(), tokenizer.Decode(ids));
        int[] rest = [287, 2, 733, 16289, 28793, 277, 733, 28748, 16289, 28793, 281];
        var conversation = Parse("system:SYSTEM|user:a|assistant:b|user:c|assistant:d");
        Assert.Equal([.. ids, .. rest], template.Encode(conversation, continuesLast: true));
        Assert.Equal([.. ids, .. rest, 2], template.Encode(conversation));
    }

    /// <summary>What is between control tokens is decoded by itself, without the space that encoding a first turn adds.</summary>
    private static string TextOf(IReadOnlyList<int> ids)
    {
        var text = new StringBuilder();
        for (var i = 0; i < ids.Count;)
        {
            var run = ids.Skip(i).TakeWhile(id => !Tokenizer.IsControl(id)).ToArray();
            text.Append(run.Length > 0 ? Tokenizer.Decode(run) : Tokenizer.IdToPiece(ids[i]));
            i += Math.Max(1, run.Length);
        }

        return text.ToString();
    }

    private static ChatMessage[] Parse(string conversation) =>
        [.. conversation.Split('|', StringSplitOptions.RemoveEmptyEntries).Select(message => message.Split(':', 2))
            .Select(parts => new ChatMessage(Enum.Parse<ChatRole>(parts[0], ignoreCase: true), parts[1]))];
}
