using System.Text.Json.Nodes;
using Mistral.Ilgpu.Chat;
using Mistral.Ilgpu.Cli.Commands;
using Mistral.Ilgpu.Cli.Options;
using Mistral.Ilgpu.Fuzzing.Mutations;
using Mistral.Ilgpu.Fuzzing.Seeds;
using Mistral.Ilgpu.Tokenization;

namespace Mistral.Ilgpu.Fuzzing.Readers;

/// <summary>Files that commands take beside a model: prompts, results, chats, and shapes of random models.</summary>
internal static class CommandReaders
{
    private static readonly int[][] Results = [[1, 2, 3], [1, 4], [1, 5]];

    public static IEnumerable<FuzzTarget> All()
    {
        var folder = Folder();
        var tokenizer = TokenizerFile.Load(SmallFiles.SentencePiece, "tokenizer.model", null);
        yield return new FuzzTarget(
            "prompts",
            3,
            [new FuzzSeed(("prompts.jsonl", new JsonLinesMutator("\"a ab\"", """{"prompt": "a", "id": 7}""", "\"\\u2581\\n\"")))],
            input =>
            {
                var texts = PromptFile.Read(Write(folder, input, "prompts.jsonl"));
                new Prompts(texts, null, IsMany: true).Encode(tokenizer, tokenizer.VocabularySize);
            });
        yield return new FuzzTarget(
            "results",
            3,
            [new FuzzSeed(("results.jsonl", new JsonLinesMutator(
                """
                {"model":"tiny","prompt_ids":[1,2,3],"ids":[4],"settings":{"temperature":0.5,"seed":7,"stop":["é"]}}
                """,
                """
                {"model":"tiny","prompt_ids":[1,4],"error":"too long","settings":{"temperature":0.5,"seed":7,"stop":["\u00e9"]}}
                """)))],
            input =>
            {
                var results = new ResultFile(Write(folder, input, "results.jsonl"));
                _ = results.Seed;
                _ = results.FailedCount;
                results.Require(Results, new JsonObject { ["temperature"] = 0.5, ["seed"] = 7, ["stop"] = new JsonArray("é") });
            });
        foreach (string version in new[] { "v1", "v2", "v3", "v7", "v11", "v13", "v15" })
        {
            var chat = TokenizerFile.Load(JsonSeeds.Tekken(version), "tekken.json", null);
            // Each format reads those chats that it has all parts of.
            byte[][] seeds = version switch
            {
                "v1" or "v2" => [Chat],
                "v13" => [Chat, Tools, Thinking],
                "v15" => [Chat, Tools, Thinking, Effort],
                _ => [Chat, Tools],
            };
            yield return new FuzzTarget(
                $"chat-{version}",
                1,
                [.. seeds.Select(seed => new FuzzSeed(("chat.json", new JsonMutator(seed))))],
                input => ChatFile.Read(Write(folder, input, "chat.json")).Encode(chat));
        }

        yield return new FuzzTarget(
            "random-shape",
            2,
            [new FuzzSeed(("params.json", new JsonMutator(SmallFiles.Params)))],
            input =>
            {
                using var model = Checkpoints.Checkpoint.Open($"random:{Write(folder, input, "params.json")}");
                Expectations.Check(model);
            });
    }

    private static byte[] Chat => """
        {"messages": [{"role": "system", "content": "be brief"}, {"role": "user", "content": "hi"},
        {"role": "assistant", "content": [{"type": "text", "text": "the"}]},
        {"role": "user", "content": [{"type": "text", "text": "a"}, {"type": "text", "text": "b"}]},
        {"role": "assistant", "content": "c", "prefix": false}],
        "continue_final_message": true, "tools": null}
        """u8.ToArray();

    private static byte[] Tools => """
        {"messages": [{"role": "user", "content": "weather?"},
        {"role": "assistant", "tool_calls": [
        {"id": "abcdefghi", "type": "function", "function": {"name": "get", "arguments": "{\"city\": \"Paris\", \"n\": 1.50}"}}]},
        {"role": "tool", "tool_call_id": "abcdefghi", "name": "get", "content": "{\"t\": 12e2}"},
        {"role": "assistant", "content": "12"}, {"role": "user", "content": "ok"}],
        "tools": [{"type": "function", "function": {"name": "get", "description": "d",
        "parameters": {"type": "object", "properties": {"city": {"type": "string"}}}}}]}
        """u8.ToArray();

    private static byte[] Thinking => """
        {"messages": [{"role": "user", "content": "7 + 5"},
        {"role": "assistant", "content": [
        {"type": "thinking", "thinking": "hm", "closed": true}, {"type": "text", "text": "12"}]},
        {"role": "user", "content": "ok"}]}
        """u8.ToArray();

    private static byte[] Effort => """
        {"messages": [{"role": "developer", "content": "be brief"}, {"role": "user", "content": "7 + 5"},
        {"role": "assistant", "reasoning_content": "hm", "content": "12"},
        {"role": "user", "content": [{"type": "text", "text": "o"}, {"type": "text", "text": "k"}]}],
        "reasoning_effort": "high", "tool_choice": "auto"}
        """u8.ToArray();

    // Kept until the process ends: in memory where the system has such a folder, because it is written for every input.
    private static string Folder()
    {
        const string Memory = "/dev/shm";
        string folder = Path.Combine(Directory.Exists(Memory) ? Memory : Path.GetTempPath(), $"mistral-fuzz-{Guid.NewGuid():N}");
        Directory.CreateDirectory(folder);
        AppDomain.CurrentDomain.ProcessExit += (_, _) => Directory.Delete(folder, recursive: true);
        return folder;
    }

    private static string Write(string folder, FuzzInput input, string name)
    {
        string path = Path.Combine(folder, name);
        File.WriteAllBytes(path, input[name]);
        return path;
    }
}
