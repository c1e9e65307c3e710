using System.Net;
using System.Text;
using System.Text.Json;
using System.Text.Json.Serialization.Metadata;
using Mistral.Ilgpu.Server.Chat;
using Mistral.Ilgpu.Server.Completions;
using Mistral.Ilgpu.Server.Embeddings;
using Mistral.Ilgpu.Server.Models;
using Xunit;

namespace Mistral.Ilgpu.Server.Tests.Http;

/// <summary>Requests that are wrong in one place. Each is refused in OpenAI's shape, with the field's name.</summary>
[Collection(nameof(TinyServerCollection))]
public sealed class MalformedRequestTests(TinyServer tiny)
{
    private const string Chat = "/v1/chat/completions";

    private static readonly string[] Values =
        ["\"x\"", "1.5", "-7", "1e999", "true", "[]", "[1.5]", "{}", "{\"a\":\"b\"}", "\"\\ud800\""];

    // Values that a field takes although they are of another type than most.
    private static readonly Dictionary<string, string[]> Taken = new()
    {
        ["stop"] = ["\"x\"", "[]"],
        ["messages"] = [],
        ["prompt"] = ["\"x\""],
        ["input"] = ["\"x\""],
        ["tools"] = ["[]"],
        ["tool_choice"] = [],
        ["response_format"] = [],
        ["structured_outputs"] = ["{}"],
        ["guided_json"] = ["true", "{}", "{\"a\":\"b\"}"],
        ["guided_regex"] = ["\"x\""],
        ["tokens"] = ["[]"],
        ["logit_bias"] = ["{}"],
        ["temperature"] = ["1.5"],
        ["presence_penalty"] = ["1.5"],
        ["frequency_penalty"] = ["1.5"],
        ["repetition_penalty"] = ["1.5"],
        ["timeout"] = ["1.5"],
        ["seed"] = ["-7"],
        ["priority"] = ["-7"],
        ["stream_options"] = ["{}", "{\"a\":\"b\"}"],
        ["suffix"] = [],
    };

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Post_EveryFieldWithEveryWrongValue_NamesTheField()
    {
        int count = 0;
        foreach (var (path, type, rest) in ((string, JsonTypeInfo, string)[])
        [
            (Chat, ChatJson.Api.ChatCompletionRequest, "\"messages\":[{\"role\":\"user\",\"content\":\"x\"}],\"max_tokens\":1"),
            ("/v1/completions", CompletionJson.Api.CompletionRequest, "\"prompt\":\"x\",\"max_tokens\":1"),
            ("/v1/embeddings", EmbeddingJson.Api.EmbeddingRequest, "\"input\":\"x\""),
            ("/detokenize", ModelJson.Api.DetokenizeRequest, "\"tokens\":[]"),
        ])
        {
            foreach (var property in type.Properties.Where(property => property.Set is not null))
            {
                foreach (string value in Values.Except(TakenBy(property)))
                {
                    string[] others = [.. rest.Split(",\"max").Select((part, i) => i == 0 ? part : "\"max" + part)
                        .Where(part => !part.StartsWith($"\"{property.Name}\"", StringComparison.Ordinal))];
                    string body = $"{{{string.Join(',', others.Append($"\"{property.Name}\":{value}"))}}}";

                    var (status, error) = await tiny.App.FailAsync(path, body);

                    Assert.True(status is 400 or 404, body);
                    Assert.True(
                        error.GetProperty("param").GetString()?.StartsWith(property.Name, StringComparison.Ordinal) == true,
                        $"{body}: {error}");
                    Assert.DoesNotContain("   at ", error.GetRawText(), StringComparison.Ordinal);
                    count++;
                }
            }
        }

        Assert.InRange(count, 300, 1000);
    }

    [Theory]
    [InlineData(""" "messages":[] """, "messages")]
    [InlineData(""" "messages":[1] """, "messages[0]")]
    [InlineData(""" "messages":[{}] """, "messages[0].role")]
    [InlineData(""" "messages":[{"role":"user"}] """, "messages[0].content")]
    [InlineData(""" "messages":[{"role":"nobody","content":"x"}] """, "messages[0].role")]
    [InlineData(""" "messages":[{"role":7,"content":"x"}] """, "messages[0].role")]
    [InlineData(""" "messages":[{"role":"user","content":7}] """, "messages[0].content")]
    [InlineData(""" "messages":[{"role":"user","content":[{"type":"image_url","image_url":{"url":"http://x"}}]}] """, "messages[0].content.type")]
    [InlineData(""" "messages":[{"role":"user","content":[{"type":"text"}]}] """, "messages[0].content.text")]
    [InlineData(""" "messages":[{"role":"tool","content":"x"}] """, "messages")]
    [InlineData(""" "messages":[{"role":"user","content":"x"}],"tools":[{"type":"function"}] """, "tools[0].function")]
    [InlineData(""" "messages":[{"role":"user","content":"x"}],"tools":[{"type":"web_search"}] """, "tools[0].type")]
    [InlineData(""" "messages":[{"role":"user","content":"x"}],"tools":[{"type":"function","function":{"name":"f"}}] """, "tools")]
    [InlineData(""" "messages":[{"role":"user","content":"x"}],"tool_choice":"some" """, "tool_choice")]
    [InlineData(""" "messages":[{"role":"user","content":"x"}],"tool_choice":{"type":"function"} """, "tool_choice.function")]
    [InlineData(""" "messages":[{"role":"user","content":"x"}],"reasoning_effort":"high" """, "reasoning_effort")]
    [InlineData(""" "messages":[{"role":"user","content":"x"}],"functions":[] """, "functions")]
    [InlineData(""" "messages":[{"role":"user","content":"x"}],"top_logprobs":2 """, "top_logprobs")]
    [InlineData(""" "messages":[{"role":"user","content":"x"}],"max_tokens":0 """, "max_tokens")]
    [InlineData(""" "messages":[{"role":"user","content":"x"}],"logit_bias":{"1024":1} """, "logit_bias")]
    [InlineData(""" "messages":[{"role":"user","content":"x"}],"logit_bias":{"3":101} """, "logit_bias.3")]
    [InlineData(""" "messages":[{"role":"user","content":"x"}],"stop":[""] """, "stop")]
    [InlineData(""" "messages":[{"role":"user","content":"x"}],"n":129 """, "n")]
    [InlineData(""" "messages":[{"role":"user","content":"x"}],"response_format":{"type":"yaml"} """, "response_format.type")]
    [InlineData(""" "messages":[{"role":"user","content":"x"}],"response_format":{"type":"json_schema"} """, "response_format.json_schema")]
    [InlineData(""" "messages":[{"role":"user","content":"x"}],"guided_choice":[] """, "guided_choice")]
    [InlineData(""" "messages":[{"role":"user","content":"x"}],"guided_choice":["a"],"guided_regex":"a" """, "guided_choice")]
    [InlineData(""" "messages":[{"role":"user","content":"x"}],"structured_outputs":{"yaml":"a"} """, "structured_outputs")]
    public async Task Post_WrongChat_NamesTheField(string fields, string expected)
    {
        var (status, error) = await tiny.App.FailAsync(Chat, $$"""{{{fields}}}""");

        Assert.Equal((400, expected), (status, error.GetProperty("param").GetString()));
        Assert.Equal("invalid_request_error", error.GetProperty("type").GetString());
        Assert.NotEmpty(error.GetProperty("message").GetString()!);
    }

    [Theory]
    [InlineData("[]")]
    [InlineData("7")]
    [InlineData("")]
    [InlineData("{")]
    [InlineData("{\"messages\":[{\"role\":\"user\",\"content\":\"x\"}]")]
    [InlineData("{\"n\":1,\"n\":2}")]
    public async Task Post_NoObject_IsRefused(string body) => Assert.Equal(400, (await tiny.App.FailAsync(Chat, body)).Status);

    [Fact]
    public async Task Post_DeepJson_IsRefused()
    {
        string deep = string.Concat(Enumerable.Repeat("[", 100_000));

        Assert.Equal(400, (await tiny.App.FailAsync(Chat, $$"""{"messages":{{deep}}""")).Status);
    }

    [Fact]
    public async Task Post_LongBody_IsTooLarge()
    {
        string body = $$"""{"messages":[{"role":"user","content":"{{new string('x', 17 << 20)}}"}]}""";

        var (status, error) = await tiny.App.FailAsync(Chat, body);

        Assert.Equal((413, "request_too_large"), (status, error.GetProperty("code").GetString()));
    }

    [Theory]
    [InlineData("text/plain")]
    [InlineData("application/x-www-form-urlencoded")]
    public async Task Post_AnotherContentType_IsRefused(string type)
    {
        using var content = new StringContent("{}", Encoding.UTF8, type);
        using var response = await tiny.App.Http.PostAsync(Chat, content, Cancellation);

        Assert.Equal(HttpStatusCode.UnsupportedMediaType, response.StatusCode);
    }

    [Fact]
    public async Task Get_WhatIsPosted_IsRefused()
    {
        using var response = await tiny.App.Http.GetAsync(Chat, Cancellation);

        Assert.Equal(HttpStatusCode.MethodNotAllowed, response.StatusCode);
        Assert.Contains("POST", response.Content.Headers.Allow);
    }

    [Fact]
    public async Task Post_BytesThatAreNotUtf8_AreRefused()
    {
        byte[] body = [.. "{\"model\":\""u8, 0xFF, .. "\"}"u8];
        using var content = new ByteArrayContent(body);
        content.Headers.ContentType = new("application/json");
        using var response = await tiny.App.Http.PostAsync(Chat, content, Cancellation);

        Assert.Equal(HttpStatusCode.BadRequest, response.StatusCode);
        Assert.Contains("UTF-8", await response.Content.ReadAsStringAsync(Cancellation), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Post_UnknownModel_IsNotFound()
    {
        var (status, error) = await tiny.App.FailAsync(Chat, """{"model":"gpt-5","messages":[{"role":"user","content":"x"}]}""");

        Assert.Equal((404, "model_not_found"), (status, error.GetProperty("code").GetString()));
    }

    [Fact]
    public async Task Post_UnknownFields_AreIgnored() => await tiny.App.AskAsync(
        Chat, """{"messages":[{"role":"user","content":"x"}],"max_tokens":1,"user":"me","store":true,"metadata":{},"new_field":[1]}""");

    private static string[] TakenBy(JsonPropertyInfo property)
    {
        var type = Nullable.GetUnderlyingType(property.PropertyType) ?? property.PropertyType;
        return Taken.TryGetValue(property.Name, out string[]? taken) ? taken
            : type == typeof(bool) ? ["true"]
            : type == typeof(string) && property.Name == "encoding_format" ? []
            : type == typeof(string) && property.Name is not ("model" or "reasoning_effort") && !property.Name.StartsWith("guided", StringComparison.Ordinal) ? ["\"x\""]
            : [];
    }
}
