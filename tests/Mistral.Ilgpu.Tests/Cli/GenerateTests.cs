using System.Text.Json;
using Mistral.Ilgpu.Reference;
using Mistral.Ilgpu.Tokenization;
using Xunit;

namespace Mistral.Ilgpu.Tests.Cli;

public sealed class GenerateTests(RandomModel model) : IClassFixture<RandomModel>
{
    [Fact]
    public void Generate_Json_HasTheContractsFields()
    {
        var json = model.Run("generate", "abc", "--max-tokens", "5", "--ignore-eos", "--format", "json").Expect(0).Json;

        Assert.Equal(
            ["model", "device", "prompt_ids", "ids", "text", "finish_reason", "timings"],
            json.EnumerateObject().Select(property => property.Name));
        Assert.Equal(
            ["load_ms", "compile_ms", "prefill_tokens", "prefill_ms", "decode_tokens", "decode_ms", "first_token_ms"],
            json.GetProperty("timings").EnumerateObject().Select(property => property.Name));
        Assert.Equal(Path.GetFileName(model.Folder), json.GetProperty("model").GetString());
        Assert.Equal("cpu", json.GetProperty("device").GetString());
        Assert.Equal([model.Tokenizer.BosId, .. model.Tokenizer.EncodeToIds("abc")], Ids(json, "prompt_ids"));
        Assert.Equal(5, Ids(json, "ids").Length);
        Assert.Equal(Text(Ids(json, "ids")), json.GetProperty("text").GetString());
        Assert.Equal("length", json.GetProperty("finish_reason").GetString());
        var timings = json.GetProperty("timings");
        Assert.Equal(Ids(json, "prompt_ids").Length, timings.GetProperty("prefill_tokens").GetInt32());
        Assert.Equal(4, timings.GetProperty("decode_tokens").GetInt32());
        Assert.True(timings.GetProperty("load_ms").GetDouble() > 0);
        // The CPU accelerator runs methods as they are.
        Assert.Equal(0, timings.GetProperty("compile_ms").GetDouble());
        Assert.True(timings.GetProperty("first_token_ms").GetDouble() >= timings.GetProperty("prefill_ms").GetDouble());
    }

    [Fact]
    public void Generate_Text_WritesTheContinuationAloneToStandardOutput()
    {
        string expected = Json("abc").GetProperty("text").GetString()!;

        var run = model.Run("generate", "abc", "--max-tokens", "12").Expect(0);

        Assert.Equal(expected + "\n", run.Output);
        Assert.Contains("device cpu", run.Error, StringComparison.Ordinal);
        Assert.Contains("tokens/s", run.Error, StringComparison.Ordinal);
    }

    [Fact]
    public void Generate_Quiet_TellsPeopleNothing() =>
        Assert.Empty(model.Run("generate", "abc", "--max-tokens", "2", "--quiet").Expect(0).Error);

    [Fact]
    public void Generate_PromptIds_ContinuesThemAsTheyAre()
    {
        string ids = string.Join(',', Ids(Json("abc"), "prompt_ids"));

        var json = model.Run("generate", "--prompt-ids", ids, "--max-tokens", "12", "--format", "json").Expect(0).Json;

        Assert.Equal(Ids(Json("abc"), "ids"), Ids(json, "ids"));
        model.Run("generate", "--prompt-ids", $"1,{RandomModel.VocabularySize}").ExpectError(2, "--prompt-ids");
    }

    [Fact]
    public void Generate_PipedPrompt_IsThePrompt()
    {
        var json = model.RunWithInput("abc\n", "generate", "--max-tokens", "12", "--format", "json").Expect(0).Json;

        Assert.Equal(Ids(Json("abc"), "ids"), Ids(json, "ids"));
    }

    [Fact]
    public void Generate_InputFile_GivesEachAsAlone()
    {
        using var file = new TemporaryFile("\"abc\"\n{\"prompt\":\"de\"}\n\"abc\"\n");

        var lines = model.Run("generate", "--input", file.Path, "--max-tokens", "12").Expect(0).JsonLines;

        Assert.Equal(
            new[] { "abc", "de", "abc" }.Select(prompt => string.Join(',', Ids(Json(prompt), "ids"))),
            lines.Select(line => string.Join(',', Ids(line, "ids"))));
    }

    [Fact]
    public void Generate_SameSeed_GivesTheSameText()
    {
        int[] first = Sampled("7");

        Assert.Equal(first, Sampled("7"));
        Assert.NotEqual(first, Sampled("8"));

        int[] Sampled(string seed) => Ids(Json("abc", "--temperature", "1.5", "--seed", seed), "ids");
    }

    [Fact]
    public void Generate_ChunksOfThePrompt_ChangeNothing() =>
        Assert.Equal(Ids(Json("abcdefghi"), "ids"), Ids(Json("abcdefghi", "--chunk", "3"), "ids"));

    [Fact]
    public void Generate_StopString_EndsTheTextBeforeIt()
    {
        string text = Json("abc").GetProperty("text").GetString()!;
        string stop = text[4..6];

        var json = Json("abc", "--stop", "never to be seen", "--stop", stop);

        Assert.Equal(text[..text.IndexOf(stop, StringComparison.Ordinal)], json.GetProperty("text").GetString());
        Assert.Equal("stop", json.GetProperty("finish_reason").GetString());
    }

    [Fact]
    public void Generate_ContextFull_EndsWithLength()
    {
        var json = Json("abc", "--context", "8");

        Assert.Equal("length", json.GetProperty("finish_reason").GetString());
        Assert.Equal(8 + 1 - Ids(json, "prompt_ids").Length, Ids(json, "ids").Length);
    }

    [Fact]
    public void Generate_PromptLongerThanTheContext_IsUsageError() =>
        model.Run("generate", "abcdefghi", "--context", "4").ExpectError(2, "--context");

    [Fact]
    public void Generate_SlidingWindowAsTheModels_ChangesNothing()
    {
        Assert.Equal(Ids(Json("abcdefghi"), "ids"), Ids(Json("abcdefghi", "--sliding-window", "6"), "ids"));
        Assert.NotEqual(Ids(Json("abcdefghi"), "ids"), Ids(Json("abcdefghi", "--sliding-window", "2"), "ids"));
    }

    [Fact]
    public void Generate_DeviceAbsent_IsDeviceError() =>
        CommandRun.Of("generate", "abc", "--model", model.Folder, "--device", "cuda:7").ExpectError(3, "cuda:7");

    [Fact]
    public void Generate_TooLittleMemory_IsDeviceError() => model.Run("generate", "abc", "--memory", "10kB")
        .ExpectError(3, "needed", "available 9.8 KiB", "neither --type nor --context alone would do");

    [Theory]
    [InlineData("needed 1.8 GiB (weights 1.3 GiB", "--type q4_k would fit", "random:mistral-7b", "--memory", "1GiB", "--without",
        "layers-in-place")]
    [InlineData("available 1.0 GiB", "would fit", "tiny", "--sliding-window", "2000000000", "--memory", "1GiB")]
    public void Generate_ModelThatDoesNotFit_NamesTheOptionsThatHelp(
        string needed, string help, string name, params string[] options) =>
        CommandRun.OnCpu(["generate", "abc", "--model", name, .. options]).ExpectError(3, needed, "available", help);

    // The key of token 3 is −∞ in f16, so that no token but itself attends to it, and nothing fails.
    [Theory]
    [InlineData("generate")]
    [InlineData("score")]
    public void Run_KeysBeyondTheCachesType_SuggestsAnother(string command)
    {
        using var folder = new TemporaryFolder();
        const int Width = 24;
        new RandomCheckpoint(5)
        {
            Config = { ["vocab_size"] = RandomModel.VocabularySize, ["num_hidden_layers"] = 1 },
            Damage = tensors =>
            {
                Set(tensors, "model.embed_tokens.weight", (row, column) => row == 3 || column % 2 == 0 ? 1 : -1);
                Set(tensors, "model.layers.0.input_layernorm.weight", (_, _) => 1);
                // Of a head's 32 rows the last rotary pair, which hardly turns.
                Set(tensors, "model.layers.0.self_attn.q_proj.weight", (row, column) => row % 16 == 15 && column == 0 ? 1 : 0);
                Set(tensors, "model.layers.0.self_attn.k_proj.weight", (row, _) => row % 16 == 15 ? -1e5f : 0);
            },
        }.Write(folder.Path);
        File.Copy(Path.Combine(model.Folder, "tokenizer.model"), folder.File("tokenizer.model"));

        Assert.Contains("warning: keys or values beyond 65,504", Run(), StringComparison.Ordinal);
        Assert.DoesNotContain("warning", Run("--kv-type", "bf16"), StringComparison.Ordinal);

        string Run(params string[] options) => CommandRun.Of(
            [command, "--prompt-ids", "3,4,5", "--model", folder.Path, "--device", "cpu", .. options, .. command == "generate" ? ["--max-tokens", "3"] : Array.Empty<string>()])
            .Expect(0).Error;

        static void Set(
            Dictionary<string, (string Type, long[] Shape, byte[] Bytes)> tensors, string name, Func<int, int, float> value)
        {
            var shape = tensors[name].Shape;
            var values = Enumerable.Range(0, (int)(shape.Length == 1 ? shape[0] : shape[0] * shape[1]));
            tensors[name] = ("F32", shape, [.. values.SelectMany(i => BitConverter.GetBytes(value(i / Width, i % Width)))]);
        }
    }

    [Fact]
    public void Score_WeightsBeyondFloat_BlamesTheFile()
    {
        using var folder = new TemporaryFolder();
        var random = new RandomCheckpoint(5)
        {
            Config = { ["vocab_size"] = RandomModel.VocabularySize },
            Damage = tensors => tensors["lm_head.weight"] = (
                "F32", [RandomModel.VocabularySize, 24], [.. Enumerable.Repeat(3e38f, RandomModel.VocabularySize * 24).SelectMany(BitConverter.GetBytes)]),
        };
        random.Write(folder.Path);
        File.Copy(Path.Combine(model.Folder, "tokenizer.model"), folder.File("tokenizer.model"));
        CommandRun.OnCpu("score", "abc", "--model", folder.Path)
            .ExpectError(4, folder.Path, "logits: found", "expected finite numbers");
        CommandRun.OnCpu("generate", "abc", "--model", folder.Path, "--temperature", "1")
            .ExpectError(4, folder.Path, "logits: found", "expected finite numbers");
    }

    private JsonElement Json(string prompt, params string[] options) =>
        model.Run(["generate", prompt, "--max-tokens", "12", "--format", "json", .. options]).Expect(0).Json;

    private static int[] Ids(JsonElement json, string name) =>
        [.. json.GetProperty(name).EnumerateArray().Select(id => id.GetInt32())];

    private string Text(int[] ids)
    {
        var decoder = model.Tokenizer.CreateDecoder(isContinuation: true);
        return string.Concat(ids.Where(id => id < model.Tokenizer.VocabularySize).Select(decoder.Append)) + decoder.Flush();
    }
}
