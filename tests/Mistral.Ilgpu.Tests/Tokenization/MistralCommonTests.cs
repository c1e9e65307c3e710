using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;
using Mistral.Ilgpu.Kernels.Tests;
using Mistral.Ilgpu.Tokenization;
using Xunit;

namespace Mistral.Ilgpu.Tests.Tokenization;

/// <summary>Every chat sample and every assertion of mistral-common's own tests that concerns text.</summary>
public sealed class MistralCommonTests
{
    [Fact]
    [Trait(Needs.Trait, Needs.Shared)]
    public void ChatSamples_All_AreExact()
    {
        int checks = 0;
        foreach (var sample in SharedData.Json("data/vectors/chat-samples.json").GetProperty("vectors").EnumerateArray())
        {
            string version = sample.GetProperty("version").GetString()!;
            var template = ChatTemplate.For(ReferenceVectorTests.MistralModel(version));
            var ids = template.Encode(Messages(sample), tools: Tools(sample, "tools"));
            Assert.Equal(sample.GetProperty("tokens").Deserialize<int[]>()!, ids);
            checks++;
        }

        Assert.True(checks >= 6, $"{checks} samples");
    }

    [Fact]
    [Trait(Needs.Trait, Needs.Shared)]
    public void Assertions_ThatConcernText_Hold()
    {
        var skipped = new List<string>();
        int checks = 0;
        foreach (var vector in SharedData.Json("data/vectors/mistral-common-tests.json").GetProperty("vectors").EnumerateArray())
        {
            string name = $"{vector.GetProperty("file").GetString()} {vector.GetProperty("test").GetString()} {vector.GetProperty("call").GetString()}";
            if (WhySkipped(vector) is { } reason)
            {
                skipped.Add($"{name}: {reason}");
                continue;
            }

            var tokenizer = TokenizerOf(vector.GetProperty("tokenizer"));
            var template = ChatTemplate.For(tokenizer.Tokenizer, tokenizer.Version);
            if (vector.GetProperty("raises").GetBoolean())
            {
                Assert.True(
                    Record.Exception(() => Encode(template, vector)) is ChatFormatException, $"{name}: expected to be refused");
                checks++;
                continue;
            }

            var ids = Encode(template, vector);
            foreach (var expected in vector.GetProperty("expect").EnumerateArray())
            {
                string of = expected.GetProperty("of").GetString()!;
                var value = expected.GetProperty("value");
                switch (of.Split('.')[^1])
                {
                    case "tokens":
                        Assert.Equal(value.Deserialize<int[]>()!, ids);
                        checks++;
                        break;
                    case "text":
                        Assert.Equal(value.GetString(), TextOf(tokenizer.Tokenizer, ids));
                        checks++;
                        break;
                    case "encode_instruct" when value.ValueKind == JsonValueKind.Object:
                        Assert.Equal(value.GetProperty("tokens").Deserialize<int[]>()!, ids);
                        Assert.Equal(value.GetProperty("text").GetString(), TextOf(tokenizer.Tokenizer, ids));
                        checks++;
                        break;
                    case "encode_assistant_message":
                        Assert.Equal(Named(tokenizer.Tokenizer, value), ids);
                        checks++;
                        break;
                }
            }
        }

        skipped.ForEach(line => TestContext.Current.TestOutputHelper?.WriteLine(line));
        Assert.True(checks >= 25, $"{checks} checks, skipped {skipped.Count}");
    }

    /// <summary>Why an assertion cannot be run from its vector alone.</summary>
    private static string? WhySkipped(JsonElement vector)
    {
        string arguments = vector.GetProperty("args").GetRawText();
        string tokenizer = vector.GetProperty("tokenizer").GetRawText();
        if (arguments.Contains("ImageChunk", StringComparison.Ordinal)) return "images are not supported";
        if (arguments.Contains("audio", StringComparison.Ordinal) || tokenizer.Contains("AudioEncoder", StringComparison.Ordinal)) return "audio is not supported";
        return vector.GetProperty("call").GetString() switch
        {
            "decode" or "_to_string" when arguments.Contains("derived", StringComparison.Ordinal) => "decodes ids that the vector does not hold",
            "id_to_byte_piece" => "a function of Python's class alone",
            "encode_assistant_message" when vector.GetProperty("file").GetString() == "test_tokenizer_v13.py" && arguments.Contains("A1", StringComparison.Ordinal) =>
                "the vector lacks the prefix=True that makes this raise",
            _ => null,
        };
    }

    private static (TextTokenizer Tokenizer, string Version) TokenizerOf(JsonElement description)
    {
        string name = description.GetProperty("_").GetString()!;
        if (name.StartsWith("MistralTokenizer.", StringComparison.Ordinal))
        {
            string version = name.Split('.')[1];
            bool isTekken = description.TryGetProperty("is_tekken", out var tekken) && tekken.GetBoolean();
            return (isTekken ? TokenizerFile.Load(SharedData.PathOf("data/tokenizers/tekken_240718.json.gz")) : ReferenceVectorTests.MistralModel(version), version);
        }

        var instruct = name == "MistralTokenizer" ? description.GetProperty("instruct_tokenizer") : description;
        var tokens = instruct.GetProperty("_args")[0];
        return (Small(tokens), "v" + instruct.GetProperty("_").GetString()!.Split('V')[^1]);
    }

    /// <summary>A Tekken of every byte, some joined, and the special tokens of the test.</summary>
    private static TextTokenizer Small(JsonElement description)
    {
        int specials = description.GetProperty("num_special_tokens").GetInt32();
        var extra = description.GetProperty("_args")[0] is { ValueKind: JsonValueKind.Object } quick
            && quick.TryGetProperty("extra", out var joined)
            ? joined.Deserialize<string[]>()!
            : [];
        byte[][] vocabulary =
            [.. Enumerable.Range(0, 256).Select(value => new[] { (byte)value }), .. extra.Select(Encoding.UTF8.GetBytes)];
        var tokens = new byte[]?[specials + vocabulary.Length];
        for (int rank = 0; rank < vocabulary.Length; rank++)
        {
            // Where a byte is listed again, the first one counts.
            tokens[specials + rank] = vocabulary.Take(rank).Any(earlier => earlier.AsSpan().SequenceEqual(vocabulary[rank]))
                ? null
                : vocabulary[rank];
        }

        // The vectors kept some special tokens as what made their names; these are the names.
        var controls = Tekken.FirstSpecials.Select((text, id) => (text, id)).ToDictionary(token => token.text, token => token.id);
        (controls["[ARGS]"], controls["[CALL_ID]"]) = (32, 33);
        foreach (var token in description.GetProperty("special_tokens").EnumerateArray().Where(token => token.GetProperty("rank").GetInt32() > 33))
        {
            controls.TryAdd(token.GetProperty("token_str").GetString()!, token.GetProperty("rank").GetInt32());
        }

        return ByteLevelBpe.Create(
            new ByteLevelVocabulary(tokens, controls, description.GetProperty("pattern").GetString()!, controls.GetValueOrDefault("<s>", 1), controls.GetValueOrDefault("</s>", 2), null),
            "test");
    }

    private static IReadOnlyList<int> Encode(ChatTemplate template, JsonElement vector)
    {
        var request = vector.GetProperty("args")[0];
        if (vector.GetProperty("call").GetString() == "encode_assistant_message")
        {
            var arguments = vector.GetProperty("kwargs");
            return [.. template.EncodeAssistant(
                Message(request),
                new ChatTemplate.Place(false, false, arguments.GetProperty("is_before_last_user_message").GetBoolean(), arguments.GetProperty("continue_message").GetBoolean()))];
        }

        var messages = Messages(request);
        if (request.TryGetProperty("system_prompt", out var system))
        {
            messages.Insert(0, new ChatMessage(ChatRole.System, system.GetString()!));
        }

        bool continuesLast = request.TryGetProperty("continue_final_message", out var continues) && continues.GetBoolean();
        return template.Encode(messages, continuesLast, [.. Tools(request, "tools"), .. Tools(request, "available_tools")]);
    }

    private static List<ChatMessage> Messages(JsonElement request) =>
        [.. request.GetProperty("messages").EnumerateArray().Select(Message)];

    private static ChatMessage Message(JsonElement message)
    {
        string role = message.TryGetProperty("role", out var named)
            ? named.GetString()!
            : message.GetProperty("_").GetString()![..^"Message".Length];
        ContentPart[] parts = message.TryGetProperty("content", out var content) && content.ValueKind == JsonValueKind.Array
            ? [.. content.EnumerateArray().Select(chunk => chunk.TryGetProperty("thinking", out var thinking)
                ? new ContentPart(
                    thinking.GetString()!, true, !chunk.TryGetProperty("closed", out var closed) || closed.GetBoolean())
                : new ContentPart(chunk.GetProperty("text").GetString()!))]
            : [];
        bool thinks = parts.Any(part => part.IsThinking);
        return new ChatMessage(
            Enum.Parse<ChatRole>(role, ignoreCase: true),
            thinks ? "" : parts.Length > 0 ? string.Concat(parts.Select(part => part.Text)) : Text(message, "content") ?? "")
        {
            Parts = thinks ? parts : [],
            ToolCalls = message.TryGetProperty("tool_calls", out var calls) && calls.ValueKind == JsonValueKind.Array
                ? [.. calls.EnumerateArray().Select(call => new ToolCall(
                    call.GetProperty("function").GetProperty("name").GetString()!, call.GetProperty("function").GetProperty("arguments").GetString()!, Text(call, "id")))]
                : [],
            ToolCallId = Text(message, "tool_call_id"),
            Name = Text(message, "name"),
            IsPrefix = message.TryGetProperty("prefix", out var prefix) && prefix.GetBoolean(),
        };
    }

    private static ToolDefinition[] Tools(JsonElement request, string name) =>
        request.TryGetProperty(name, out var tools) && tools.ValueKind == JsonValueKind.Array
        ? [.. tools.EnumerateArray().Select(tool => tool.GetProperty("function")).Select(function =>
            new ToolDefinition(function.GetProperty("name").GetString()!, Text(function, "description") ?? "", function.GetProperty("parameters")))]
        : [];

    private static string? Text(JsonElement holder, string name) =>
        holder.TryGetProperty(name, out var value) && value.ValueKind == JsonValueKind.String ? value.GetString() : null;

    /// <summary>Ids, some of which are the names of control tokens.</summary>
    private static int[] Named(TextTokenizer tokenizer, JsonElement ids) =>
        [.. ids.EnumerateArray().Select(id => id.ValueKind == JsonValueKind.Number ? id.GetInt32() : tokenizer.FindControl($"[{id.GetString()!.Split('.')[^1]}]"))];

    /// <summary>Pieces of SentencePiece joined as they are; of Tekken the text with its control tokens.</summary>
    private static string TextOf(TextTokenizer tokenizer, IReadOnlyList<int> ids)
    {
        if (tokenizer is SentencePieceBpe)
        {
            return string.Concat(ids.Select(tokenizer.IdToPiece));
        }

        var decoder = tokenizer.CreateDecoder();
        return string.Concat(
            ids.Select(id => decoder.Append(id) + (tokenizer.IsControl(id) ? tokenizer.IdToPiece(id) : ""))) + decoder.Flush();
    }
}
