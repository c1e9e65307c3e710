using System.Text.Json;
using System.Text.Json.Serialization.Metadata;
using Mistral.Ilgpu.Chat;
using Mistral.Ilgpu.Fuzzing.Mutations;
using Mistral.Ilgpu.Fuzzing.Seeds;
using Mistral.Ilgpu.Generation;
using Mistral.Ilgpu.Server;
using Mistral.Ilgpu.Server.Chat;
using Mistral.Ilgpu.Server.Completions;
using Mistral.Ilgpu.Server.Http;
using Mistral.Ilgpu.Server.Messages;
using Mistral.Ilgpu.Server.Requests;
using Mistral.Ilgpu.Server.Responses;
using Mistral.Ilgpu.Tokenization;

namespace Mistral.Ilgpu.Fuzzing.Readers;

/// <summary>Bodies of the server's requests.</summary>
internal static class RequestReaders
{
    private static readonly MistralServerOptions Options = new();

    public static IEnumerable<FuzzTarget> All()
    {
        var tokenizer = TokenizerFile.Load(JsonSeeds.Tekken("v13"), "tekken.json", null);
        yield return Target("request-chat", [Chat, Form], ChatJson.Api.ChatCompletionRequest, (fields, root) =>
        {
            ChatRefusals.Check(root);
            var options = new GenerationOptions { Constraint = ConstraintFields.Read(fields, Options)?.Compile() };
            _ = GenerationReader.StopOf(fields.Stop, "stop");
            _ = GenerationReader.BiasOf(fields.LogitBias, tokenizer.VocabularySize);
            Encode(ChatFile.Parse(root, source: ""), options);
        });
        yield return Target("request-completion", [Completion], CompletionJson.Api.CompletionRequest, (fields, root) =>
            PromptFields.Read(fields.Prompt, "prompt", tokenizer, tokenizer.VocabularySize));
        yield return Target("request-response", [Response], ResponseJson.Api.ResponseRequest, (fields, root) =>
        {
            _ = ConstraintFields.ReadText(fields.Text, Options)?.Compile();
            Encode(new ChatRequest(ResponseInput.Read(fields.Input, fields.Instructions), ResponseTools.Read(fields)), new());
        });
        yield return Target("request-messages", [Messages], MessageJson.Api.MessagesRequest, (fields, root) =>
        {
            _ = GenerationReader.StopOf(fields.StopSequences, "stop_sequences");
            Encode(MessagesEndpoint.ChatOf(fields, tokenizer), new());
        });

        void Encode(ChatRequest chat, GenerationOptions options)
        {
            _ = chat.Encode(tokenizer);
            _ = chat.OptionsFor(tokenizer, options);
        }
    }

    private static byte[] Chat => """
        {"model": "m", "messages": [{"role": "system", "content": "be brief"}, {"role": "user", "content": "weather?"},
        {"role": "assistant", "content": null, "tool_calls": [{"id": "abcdefghi", "type": "function",
        "function": {"name": "get", "arguments": "{\"city\": \"Paris\"}"}}]},
        {"role": "tool", "tool_call_id": "abcdefghi", "content": "{\"t\": 12e2}"}],
        "tools": [{"type": "function", "function": {"name": "get", "strict": true, "parameters": {"type": "object",
        "properties": {"city": {"type": "string"}}, "required": ["city"], "additionalProperties": false}}}],
        "tool_choice": "auto", "parallel_tool_calls": false, "temperature": 0.5, "top_p": 0.9, "n": 2, "seed": 7,
        "stop": ["a", "b"], "logit_bias": {"5": -100}, "stream": true, "stream_options": {"include_usage": true}}
        """u8.ToArray();

    private static byte[] Form => """
        {"messages": [{"role": "user", "content": [{"type": "text", "text": "a"}]}], "max_completion_tokens": 9,
        "response_format": {"type": "json_schema", "json_schema": {"name": "n", "schema": {"type": "object",
        "properties": {"a": {"type": "integer", "minimum": 1}, "b": {"enum": ["x", "y"]}, "c": {"$ref": "#/$defs/c"}},
        "required": ["a"], "$defs": {"c": {"type": "array", "items": {"type": "string", "pattern": "^[a-c]+$"}}}}}}}
        """u8.ToArray();

    private static byte[] Completion => """
        {"prompt": [[1, 2, 3], [4, 5]], "echo": true, "logprobs": 1, "max_tokens": 0, "suffix": null, "best_of": 1}
        """u8.ToArray();

    private static byte[] Response => """
        {"input": [{"role": "user", "content": [{"type": "input_text", "text": "a"}]},
        {"type": "reasoning", "summary": [], "content": [{"type": "reasoning_text", "text": "hm"}]},
        {"type": "function_call", "call_id": "abcdefghi", "name": "get", "arguments": "{}"},
        {"type": "function_call_output", "call_id": "abcdefghi", "output": "7"}],
        "instructions": "be brief", "tools": [{"type": "function", "name": "get", "parameters": {"type": "object"}}],
        "tool_choice": {"type": "function", "name": "get"}, "text": {"format": {"type": "json_object"}}, "top_p": 0.5}
        """u8.ToArray();

    private static byte[] Messages => """
        {"max_tokens": 1999, "system": [{"type": "text", "text": "be brief"}], "messages": [{"role": "user", "content": "a"},
        {"role": "assistant", "content": [{"type": "thinking", "thinking": "hm", "signature": ""}, {"type": "text", "text": "b"},
        {"type": "tool_use", "id": "abcdefghi", "name": "get", "input": {"city": "Paris"}}]},
        {"role": "user", "content": [{"type": "tool_result", "tool_use_id": "abcdefghi",
        "content": [{"type": "text", "text": "7"}]}, {"type": "text", "text": "c"}]}],
        "tools": [{"name": "get", "input_schema": {"type": "object"}}], "tool_choice": {"type": "any"},
        "stop_sequences": ["x"], "thinking": {"type": "enabled", "budget_tokens": 1024}}
        """u8.ToArray();

    private static FuzzTarget Target<T>(string name, byte[][] seeds, JsonTypeInfo<T> type, Action<T, JsonElement> read) => new(
        name, 1, [.. seeds.Select(seed => new FuzzSeed(("body.json", new JsonMutator(seed))))],
        input =>
        {
            using var document = RequestBody.Parse(input["body.json"].ToArray(), Options.MaxDepth);
            read(RequestBody.Read(document, type), document.RootElement);
        });
}
