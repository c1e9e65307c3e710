using System.Text;
using System.Text.Json;
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

    [Theory]
    [InlineData("v2")]
    [InlineData("v99")]
    public void For_UnsupportedVersion_IsRefusedByName(string version)
    {
        var exception = Assert.Throws<ChatFormatException>(() => ChatTemplate.For(Tokenizer, version));
        Assert.Equal($"chat format '{version}', expected v1", exception.Message);
    }

    [Fact]
    public void For_TokenizerOfALaterVersion_IsRefusedByName()
    {
        var tokenizer = SmallModel.Proto(("a", -1)).With("[INST]", PieceType.Control).Load();
        var exception = Assert.Throws<ChatFormatException>(() => ChatTemplate.For(tokenizer));
        Assert.Equal("chat format 'v2', expected v1", exception.Message);
    }

    [Theory]
    [InlineData("v1")]
    [InlineData("v2")]
    [InlineData("v3")]
    [InlineData("v7")]
    public void VersionOf_MistralsModels_IsTheirs(string version) =>
        Assert.Equal(version, ChatTemplate.VersionOf(ReferenceVectorTests.MistralModel(version)));

    [Fact]
    public void Encode_MistralCommonSamples_AreExact()
    {
        var template = ChatTemplate.For(ReferenceVectorTests.MistralModel("v1"));
        var samples = SharedData.Json("data/vectors/chat-samples.json").GetProperty("vectors").EnumerateArray()
            .Where(sample => sample.GetProperty("version").GetString() == "v1").ToArray();
        Assert.NotEmpty(samples);
        foreach (var sample in samples)
        {
            var expected = sample.GetProperty("tokens").Deserialize<int[]>()!;
            Assert.Equal(expected, template.Encode([.. sample.GetProperty("messages").EnumerateArray().Select(Message)]));
        }
    }

    [Fact]
    public void Encode_MistralCommonTests_AreExact()
    {
        var template = ChatTemplate.For(ReferenceVectorTests.MistralModel("v1"));
        var checks = 0;
        foreach (var vector in SharedData.Json("data/vectors/mistral-common-tests.json").GetProperty("vectors").EnumerateArray())
        {
            if (vector.GetProperty("tokenizer").GetProperty("_").GetString() != "MistralTokenizer.v1") continue;
            if (vector.GetProperty("call").GetString() != "encode_instruct") continue;
            var request = vector.GetProperty("args")[0];
            List<ChatMessage> messages = [.. request.GetProperty("messages").EnumerateArray().Select(Message)];
            if (request.TryGetProperty("system_prompt", out var system))
                messages.Insert(0, new ChatMessage(ChatRole.System, system.GetString()!));
            var continuesLast = request.TryGetProperty("continue_final_message", out var continues) && continues.GetBoolean();

            if (vector.GetProperty("raises").GetBoolean())
            {
                Assert.Throws<ChatFormatException>(() => template.Encode(messages, continuesLast));
                checks++;
            }

            foreach (var expected in vector.GetProperty("expect").EnumerateArray())
            {
                if (expected.GetProperty("of").GetString() != "encode_instruct.tokens") continue;
                Assert.Equal(expected.GetProperty("value").Deserialize<int[]>()!, template.Encode(messages, continuesLast));
                checks++;
            }
        }

        Assert.Equal(2, checks);
    }

    [Fact]
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

    private static ChatMessage Message(JsonElement message)
    {
        var content = message.GetProperty("content").GetString()!;
        if (message.TryGetProperty("role", out var role))
            return new ChatMessage(Enum.Parse<ChatRole>(role.GetString()!, ignoreCase: true), content);
        var type = message.GetProperty("_").GetString()!;
        return new ChatMessage(Enum.Parse<ChatRole>(type[..^"Message".Length]), content);
    }
}
