using Mistral.Ilgpu.Checkpoints;
using Mistral.Ilgpu.Cli;
using Mistral.Ilgpu.Execution.Devices;
using Mistral.Ilgpu.Kernels.Tests;
using Mistral.Ilgpu.Model;
using Xunit;

namespace Mistral.Ilgpu.Tests.Cli;

public sealed class InspectTests(RandomModel model) : IClassFixture<RandomModel>
{
    [Fact]
    public void Inspect_Json_HasConfigurationTensorsAndMemory()
    {
        var json = CommandRun.Of("inspect", "--model", model.Folder, "--format", "json").Expect(0).Json;

        Assert.Equal(RandomModel.VocabularySize, json.GetProperty("config").GetProperty("vocabulary_size").GetInt32());
        Assert.Equal(6, json.GetProperty("config").GetProperty("sliding_window").GetInt32());
        Assert.Equal(
            json.GetProperty("parameters").GetInt64(),
            json.GetProperty("tensors").EnumerateArray()
                .Sum(tensor => tensor.GetProperty("shape").EnumerateArray().Aggregate(1L, (product, size) => product * size.GetInt64())));
        var memory = json.GetProperty("memory");
        Assert.Equal(
            memory.GetProperty("total_bytes").GetInt64(),
            memory.GetProperty("weight_bytes").GetInt64() + memory.GetProperty("cache_bytes").GetInt64()
                + memory.GetProperty("activation_bytes").GetInt64());
    }

    [Theory]
    [InlineData("3b", 3_429_006_336)]
    [InlineData("8b", 8_489_553_920)]
    [InlineData("14b", 13_506_073_600)]
    public void Inspect_RandomMinistral3_HasItsWeightsAndScalings(string size, long parameters)
    {
        string[] arguments = ["inspect", "--model", $"random:ministral-3-{size}", "--device", "cpu"];
        var json = CommandRun.Of([.. arguments, "--format", "json"]).Expect(0).Json;
        Assert.Equal(parameters, json.GetProperty("parameters").GetInt64());
        var config = json.GetProperty("config");
        var rope = config.GetProperty("rope_scaling");
        Assert.Equal("yarn", rope.GetProperty("rope_type").GetString());
        Assert.Equal(
            [16384, 16, 32, 1, 1],
            new[] { "original_max_position_embeddings", "factor", "beta_fast", "beta_slow", "attention_factor" }
                .Select(name => rope.GetProperty(name).GetDouble()));
        Assert.Equal(0.1f, config.GetProperty("query_scaling").GetProperty("beta").GetSingle());
        string text = CommandRun.Of(arguments).Expect(0).Output;
        Assert.Contains("yarn: from 16384 tokens, factor 16, beta_fast 32, beta_slow 1, attention_factor 1", text);
        Assert.Contains("times 1 + 0.1 ln(1 + position / 16384), the quotient whole", text);
    }

    [Theory]
    [InlineData(TensorFormat.Float16, null, null, 256)]
    [InlineData(TensorFormat.Float32, TensorFormat.BFloat16, 5, 7)]
    [InlineData(TensorFormat.Float16, TensorFormat.Float32, 100, 1)]
    public void MemoryPlan_AnyOptions_IsWhatTheDeviceGives(TensorFormat cacheType, TensorFormat? type, int? context, int chunk)
    {
        var options = new ModelOptions(type, cacheType, context, chunk);
        using var checkpoint = Checkpoint.Open(model.Folder);
        using var device = ComputeDevice.Open("cpu");
        using var loaded = MistralModel.Load(checkpoint, device, options, cancellation: TestContext.Current.CancellationToken);

        var plan = MemoryPlan.Of(checkpoint.Config, checkpoint.Tensors, options, device.Info);

        Assert.Equal(device.AllocatedBytes, plan.TotalBytes);
        Assert.Equal(loaded.Cache.Bytes, plan.CacheBytes);
    }

    // Widths that are whole runs and ones that are not; a chunk that nobody gave is the device's.
    [Theory]
    [InlineData("tiny", null, 40)]
    [InlineData("tiny", TensorFormat.Q4_0, 7)]
    [InlineData(null, null, null)]
    public void MemoryPlan_OnCuda_IsWhatTheDeviceGives(string? name, TensorFormat? type, int? chunk)
    {
        var options = new ModelOptions(type, Chunk: chunk, Sequences: 3);
        using var checkpoint = Checkpoint.Open(name ?? model.Folder);
        using var device = TestDevice.OpenCounted();
        // The self-test would take long there.
        using var loaded = MistralModel.LoadUntested(
            checkpoint, device, options, progress: null, TestContext.Current.CancellationToken);

        Assert.Equal(
            device.AllocatedBytes, MemoryPlan.Of(checkpoint.Config, checkpoint.Tensors, options, device.Info).TotalBytes);
        Assert.Equal(chunk ?? 1024, loaded.Chunk);
    }

    [Fact]
    public void Inspect_Memory_SaysWhetherTheModelFitsIt()
    {
        string[] arguments =
        [
            "inspect", "--model", "random:mistral-7b", "--device", "cpu", "--memory", "1GiB", "--without", "layers-in-place",
        ];
        var memory = CommandRun.Of([.. arguments, "--format", "json"]).Expect(0).Json;
        Assert.Equal(1L << 30, memory.GetProperty("memory").GetProperty("available_bytes").GetInt64());
        Assert.False(memory.GetProperty("memory").GetProperty("fits").GetBoolean());
        Assert.All(
            memory.GetProperty("devices").EnumerateArray(), device => Assert.False(device.GetProperty("fits").GetBoolean()));
        Assert.Contains("does not fit", CommandRun.Of(arguments).Expect(0).Output, StringComparison.Ordinal);
        Assert.True(CommandRun.Of([.. arguments, "--type", "q4_0", "--format", "json"]).Expect(0).Json
            .GetProperty("memory").GetProperty("fits").GetBoolean());
    }

    [Theory]
    [InlineData("8GiB", 15)]
    [InlineData("2GiB", 30)]
    [InlineData("16GiB", 0)]
    public void Inspect_LessMemoryThanWeights_SaysWhatIsUsedInPlace(string memory, int streamed)
    {
        string[] arguments = ["inspect", "--model", "random:mistral-7b", "--device", "cpu", "--memory", memory];
        var plan = CommandRun.Of([.. arguments, "--format", "json"]).Expect(0).Json.GetProperty("memory");
        Assert.True(plan.GetProperty("fits").GetBoolean());
        Assert.Equal(streamed, plan.GetProperty("streamed_layers").GetInt32());
        // A layer in bf16.
        Assert.Equal(streamed * 436_207_616L, plan.GetProperty("streamed_bytes").GetInt64());
        Assert.InRange(plan.GetProperty("weight_bytes").GetInt64(), 1, plan.GetProperty("available_bytes").GetInt64());
        string text = CommandRun.Of(arguments).Expect(0).Output;
        Assert.Equal(streamed > 0, text.Contains($"{streamed} of 32 layers, in mapped files", StringComparison.Ordinal));
    }

    [Fact]
    public void Inspect_Options_ChangeThePlan()
    {
        long window = Cache();

        Assert.Equal(2 * window, Cache("--kv-type", "f32"));
        Assert.Equal(window * 34 / 64, Cache("--kv-type", "q8_0"));
        // The model's window of 6 takes a page of 16.
        Assert.Equal(2 * window, Cache("--sliding-window", "32"));
        Assert.Equal(3 * window, Cache("--sliding-window", "33"));
        Assert.Equal(window, Cache("--sliding-window", "32", "--context", "1"));

        long Cache(params string[] options) => CommandRun.Of(["inspect", "--model", model.Folder, "--format", "json", .. options])
            .Expect(0).Json.GetProperty("memory").GetProperty("cache_bytes").GetInt64();
    }

    [Fact]
    public void Inspect_Text_SummarizesKindsUnlessVerbose()
    {
        string brief = CommandRun.Of("inspect", "--model", model.Folder).Expect(0).Output;
        string full = CommandRun.Of("inspect", "--model", model.Folder, "--verbose").Expect(0).Output;

        Assert.Contains("layers.*.attention.q ", brief, StringComparison.Ordinal);
        Assert.Contains("layers.1.attention.q ", full, StringComparison.Ordinal);
        Assert.DoesNotContain("layers.1.", brief, StringComparison.Ordinal);
    }
}
