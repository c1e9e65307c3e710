using Mistral.Ilgpu.Checkpoints;
using Mistral.Ilgpu.Cli;
using Mistral.Ilgpu.Execution.Devices;
using Mistral.Ilgpu.Model;
using Mistral.Ilgpu.Reference;
using Xunit;

namespace Mistral.Ilgpu.Tests.Cli;

/// <summary>From one format to another and through a model, as a user does it.</summary>
public sealed class ConvertTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Fact]
    public void Convert_TinyThroughEveryLayout_GivesTheSameText()
    {
        CommandRun.Of("convert", "tiny", _folder.File("tiny.gguf"), "--quiet").Expect(0);
        CommandRun.Of("convert", _folder.File("tiny.gguf"), _folder.File("hf"), "--type", "BF16", "--quiet").Expect(0);
        string expected = Generate("tiny");
        Assert.Equal(expected, Generate(_folder.File("tiny.gguf")));
        Assert.Equal(expected, Generate(_folder.File("hf")));
        Assert.Equal(expected, Generate(_folder.File("hf/model.safetensors")));
    }

    [Theory]
    [InlineData("q8_0", 0.001)]
    [InlineData("q4_k", 0.02)]
    public void Convert_TinyQuantized_KeepsItsPerplexity(string type, double bound)
    {
        CommandRun.Of("convert", "tiny", _folder.File("tiny.gguf"), "--type", type, "--quiet").Expect(0);
        string stories = Path.Combine(Repository.Root, "tests/TinyModel/heldout-stories.jsonl");
        File.WriteAllLines(_folder.File("some.jsonl"), File.ReadLines(stories).Take(12));
        double stored = Perplexity("tiny");
        Assert.InRange(Perplexity(_folder.File("tiny.gguf")) / stored, 1 - bound, 1 + bound);
    }

    [Fact]
    public void Convert_RandomModel_IsTheOneThatRuns()
    {
        File.WriteAllText(_folder.File("params.json"), """{"dim": 64, "n_layers": 2, "hidden_dim": 128, "n_heads": 4, "n_kv_heads": 2, "norm_eps": 1e-5, "vocab_size": 300}""");
        string model = $"random:{_folder.File("params.json")}:q8_0";
        CommandRun.Of("convert", model, _folder.File("random.gguf"), "--quiet").Expect(0);
        Assert.Equal(Generate(model), Generate(_folder.File("random.gguf")));
    }

    [Theory]
    [InlineData(2, "f32, f16, bf16 or fp8 for safetensors", "tiny", "folder", "--type", "q4_0")]
    [InlineData(2, "--type: found fp8, which GGUF does not hold", "tiny", "x.gguf", "--type", "fp8")]
    [InlineData(2, "--type: found 'q3'", "tiny", "x.gguf", "--type", "q3")]
    [InlineData(4, "found nothing there", "missing", "x.gguf")]
    [InlineData(4, "found no folder", "tiny", "none/x.gguf")]
    public void Convert_Wrongly_SaysSoInOneLine(int code, string message, string input, string output, params string[] options)
    {
        var run = CommandRun.Of(["convert", input, _folder.File(output), .. options]).Expect(code);
        Assert.Contains(message, run.Error);
        Assert.Empty(Directory.EnumerateFileSystemEntries(_folder.Path));
    }

    [Fact]
    public void Convert_ToAFileThatIsThere_NeedsForce()
    {
        string file = _folder.File("tiny.gguf");
        File.WriteAllText(file, "mine");
        CommandRun.Of("convert", "tiny", file).ExpectError(2, "tiny.gguf", "--force");
        Assert.Equal("mine", File.ReadAllText(file));
        CommandRun.Of("convert", "tiny", file, "--force", "--quiet").Expect(0);
        Assert.True(new FileInfo(file).Length > 1 << 20);
    }

    [Fact]
    public void Inspect_QuantizedFile_HasItsTokenizerFormatsAndDevices()
    {
        CommandRun.Of("convert", "tiny", _folder.File("tiny.gguf"), "--type", "q4_k", "--quiet").Expect(0);
        var json = CommandRun.Of("inspect", "--model", _folder.File("tiny.gguf"), "--format", "json").Expect(0).Json;
        Assert.Equal("GGUF", json.GetProperty("layout").GetString());
        Assert.Equal(1024, json.GetProperty("tokenizer").GetProperty("vocabulary_size").GetInt32());
        Assert.Contains(
            json.GetProperty("formats").EnumerateArray(), format => format.GetProperty("format").GetString() == "q4_k");
        Assert.Contains(
            json.GetProperty("devices").EnumerateArray(),
            device => device.GetProperty("id").GetString() == "cpu" && device.GetProperty("fits").GetBoolean());
        Assert.Contains(
            "SentencePiece, 1024 pieces", CommandRun.Of("inspect", "--model", _folder.File("tiny.gguf")).Expect(0).Output);
    }

    [Theory]
    [InlineData(null)]
    [InlineData(TensorFormat.Q4_0)]
    public void MemoryPlan_QuantizedFile_IsWhatTheDeviceGives(TensorFormat? type)
    {
        CommandRun.Of("convert", "tiny", _folder.File("tiny.gguf"), "--type", "q4_k", "--quiet").Expect(0);
        using var checkpoint = Checkpoint.Open(_folder.File("tiny.gguf"));
        using var device = ComputeDevice.Open("cpu");
        var options = new ModelOptions(type);
        using var loaded = MistralModel.Load(checkpoint, device, options, cancellation: TestContext.Current.CancellationToken);
        Assert.Equal(
            device.AllocatedBytes, MemoryPlan.Of(checkpoint.Config, checkpoint.Tensors, options, device.Info).TotalBytes);
    }

    // What makes the logits is held in six bits by both.
    [Theory]
    [InlineData(TensorFormat.Q4_0)]
    [InlineData(TensorFormat.Q4_K)]
    public void Convert_FourBits_GivesWhatLoadingInThatTypeHolds(TensorFormat type)
    {
        using var small = new RandomModel();
        new RandomCheckpoint(5) { Config = { ["vocab_size"] = RandomModel.VocabularySize, ["hidden_size"] = 256, ["intermediate_size"] = 256 } }.Write(_folder.File("a"));
        File.Copy(Path.Combine(small.Folder, "tokenizer.model"), _folder.File("a/tokenizer.model"));
        CommandRun.Of("convert", _folder.File("a"), _folder.File("a.gguf"), "--type", type.ShortName(), "--quiet").Expect(0);
        using var random = Checkpoint.Open(_folder.File("a"));
        using var converted = Checkpoint.Open(_folder.File("a.gguf"));
        Assert.All(
            converted.Tensors.Values.Where(tensor => tensor.Rows > 1),
            tensor => Assert.Equal(tensor.Format, random.Tensors[tensor.Name].FormatAs(type)));
        Assert.Equal(TensorFormat.Q6_K, random.Tensors[TensorNames.Output].FormatAs(type));
        Assert.Equal(type, random.Tensors[TensorNames.Down(0)].FormatAs(type));
        Assert.Equal(Plan(converted, null), Plan(random, type));

        static (long, long, long, int) Plan(Checkpoint checkpoint, TensorFormat? type)
        {
            var plan = MemoryPlan.Of(
                checkpoint.Config, checkpoint.Tensors, new ModelOptions(type), DeviceCatalog.Choose(DeviceCatalog.List(), "cpu"));
            return (plan.WeightBytes, plan.CacheBytes, plan.ActivationBytes, plan.Chunk);
        }
    }

    private static string Generate(string model) => CommandRun.Of(
        "generate", "Once upon a time", "--model", model, "--device", "cpu", "--temperature", "0", "--max-tokens", "12", "--ignore-eos", "--format", "json", "--quiet")
        .Expect(0).Json.GetProperty("ids").GetRawText();

    private double Perplexity(string model)
    {
        string output = CommandRun.Of(
            "score", "--model", model, "--device", "cpu", "--input", _folder.File("some.jsonl"), "--quiet").Expect(0).Output;
        double[] logprobs =
        [
            .. output.Split('\n', StringSplitOptions.RemoveEmptyEntries)
                .SelectMany(line => System.Text.Json.JsonElement.Parse(line).GetProperty("logprobs").EnumerateArray().Skip(1).Select(value => value.GetDouble())),
        ];
        return Math.Exp(-logprobs.Average());
    }
}
