using Mistral.Ilgpu.Checkpoints.Gguf;
using Mistral.Ilgpu.Positions;
using Xunit;

namespace Mistral.Ilgpu.Tests.Checkpoints.Gguf;

public sealed class GgufConfigTests
{
    [Theory]
    [InlineData("mistralai_mistral-7b-v0.1", 10000.0, 32000, 4096)]
    [InlineData("Mistral-7B-Instruct-v0.1", 10000.0, 32000, 4096)]
    [InlineData("Mistral-7B-Instruct-v0.2", 1000000.0, 32000, null)]
    [InlineData("Mistral-7B-v0.3", 1000000.0, 32768, null)]
    [InlineData("another-7b", 10000.0, 32000, null)]
    public void Read_SevenB_HasTheWindowOfItsRelease(string name, double theta, int vocabulary, int? window)
    {
        var config = Read(("general.name", name), ("llama.rope.freq_base", theta), ("llama.vocab_size", (double)vocabulary));
        Assert.Equal(window, config.WindowOf(0));
        Assert.Equal((4096, 32, 8, 128), (config.Dim, config.HeadCount, config.KvHeadCount, config.HeadDim));
    }

    [Fact]
    public void Read_WindowGiven_IsTaken()
    {
        Assert.Equal(1024, Read(("llama.attention.sliding_window", 1024.0)).WindowOf(5));
        Assert.Null(Read(("llama.attention.sliding_window", 0.0), ("general.name", "x")).WindowOf(5));
        var list = new GgufNumbers(GgufType.UInt32, [0, 0, 0, 0, 0, 16, 0, 0]);
        var config = Read(("llama.attention.sliding_window", list));
        Assert.Equal([null, 4096], [config.WindowOf(0), config.WindowOf(3)]);
    }

    [Fact]
    public void Read_HeadsOfAnotherWidth_AreTaken()
    {
        var nemo = Read(
            ("llama.embedding_length", 5120.0), ("llama.attention.key_length", 128.0), ("llama.attention.value_length", 128.0));
        Assert.Equal((5120, 128), (nemo.Dim, nemo.HeadDim));
        Assert.Equal(160, Read(("llama.embedding_length", 5120.0), ("llama.rope.dimension_count", null)).HeadDim);
    }

    [Fact]
    public void Read_Mistral3_ScalesPositionsAndQueries()
    {
        var config = ReadScaled(
            ("type", "yarn"), ("factor", 16.0), ("original_context_length", 16384.0), ("yarn_beta_fast", 16.0),
            ("yarn_beta_slow", 2.0), ("yarn_log_multiplier", 1.0));
        Assert.Equal(new YarnScaling(16, 16384, 16, 2, 1), config.RopeScaling);
        Assert.Null(config.QueryScaling);
        config = Read(("llama.attention.temperature_scale", 0.125), ("llama.rope.scaling.original_context_length", 8192.0));
        Assert.Equal((null, new QueryScaling(0.125f, 8192)), (config.RopeScaling, config.QueryScaling));
    }

    [Theory]
    [InlineData(null, null, null, 1.2772589f)]
    [InlineData(0.0, null, null, 1.2772589f)]
    [InlineData(1.0, null, null, 1f)]
    [InlineData(0.5, 2.0, null, 2.2435024f)]
    [InlineData(null, null, 1.25, 1.25f)]
    public void Read_Yarn_HasTheMagnitudeOfItsKeys(
        double? logMultiplier, double? attention, double? ofTransformers, float expected) => Assert.Equal(
        expected,
        ReadScaled(
            ("type", "yarn"), ("factor", 16.0), ("original_context_length", 16384.0), ("yarn_log_multiplier", logMultiplier),
            ("attn_factor", attention), ("yarn_attn_factor", ofTransformers)).RopeScaling!.AttentionFactor,
        1e-6f);

    [Theory]
    [InlineData("linear", 4.0)]
    [InlineData(null, 4.0)]
    [InlineData("linear", 0.0)]
    [InlineData("none", 1.0)]
    public void Read_Linear_DividesPositionsByItsFactor(string? type, double factor) =>
        Assert.Equal(factor == 4 ? new LinearScaling(4) : null, ReadScaled(("type", type), ("factor", factor)).RopeScaling);

    [Theory]
    [InlineData("general.architecture", "gemma", "found gemma, expected llama or mistral3")]
    [InlineData("general.architecture", null, "found nothing")]
    [InlineData("llama.block_count", null, "found nothing, expected a whole number")]
    [InlineData("llama.block_count", 1.5, "found 1.5")]
    [InlineData("llama.block_count", "x", "found x, expected a number")]
    [InlineData("llama.expert_count", 8.0, "mixtures of experts are not supported")]
    [InlineData("llama.rope.scaling.type", "longrope", "found longrope, expected none, linear or yarn")]
    [InlineData(
        "llama.rope.scaling.type",
        "yarn",
        "llama.rope.scaling.original_context_length: found nothing, expected a whole number from 1")]
    [InlineData("llama.rope.scaling.factor", -4.0, "llama.rope.scaling.factor: found -4, expected a number from 0")]
    [InlineData("llama.rope.scaling.factor", 0.5, "llama.rope.scaling.factor: found 0.5, expected a number from 1")]
    [InlineData("llama.rope.scaling.attn_factor", 2.0, "llama.rope.scaling.attn_factor: found 2, expected 1")]
    [InlineData(
        "llama.attention.temperature_scale",
        0.1,
        "llama.rope.scaling.original_context_length: found nothing, expected a whole number from 1")]
    [InlineData("llama.rope.dimension_count", 64.0, "the width of a head, 128")]
    [InlineData("llama.attention.head_count_kv", 5.0, "a divisor of 32")]
    [InlineData("llama.attention.key_length", 20.0, "the width of a head, 20")]
    [InlineData("llama.rope.freq_base", -1.0, "a positive number")]
    [InlineData("llama.attention.layer_norm_rms_epsilon", 0.0, "a positive number")]
    [InlineData("llama.vocab_size", 2e9, "vocabulary: found 2000000000")]
    [InlineData("tokenizer.ggml.eos_token_id", 40000.0, "end of text: found 40000")]
    public void Read_WhatIsNotSupported_IsRefusedByName(string key, object? value, string message)
    {
        string found = Assert.Throws<ModelFileException>(() => Read((key, value))).Message;
        Assert.Contains(message, found);
        Assert.DoesNotContain('\n', found);
    }

    [Fact]
    public void Read_FactorOfNoScaling_IsRefused() => Assert.Contains(
        "llama.rope.scaling.factor: found 4, expected 1, because rope.scaling.type is none",
        Assert.Throws<ModelFileException>(() => ReadScaled(("type", "none"), ("factor", 4.0))).Message);

    [Fact]
    public void Read_YarnThatExtrapolatesInPart_IsRefused() => Assert.Contains(
        "llama.rope.scaling.yarn_ext_factor: found 0.5, expected 1",
        Assert.Throws<ModelFileException>(
            () => ReadScaled(("type", "yarn"), ("original_context_length", 64.0), ("yarn_ext_factor", 0.5))).Message);

    private static ModelConfig ReadScaled(params (string Key, object? Value)[] keys) =>
        Read([.. keys.Select(pair => ($"llama.rope.scaling.{pair.Key}", pair.Value))]);

    private static ModelConfig Read(params (string Key, object? Value)[] changes)
    {
        var values = new Dictionary<string, object>
        {
            ["general.architecture"] = "llama",
            ["general.name"] = "mistral-7b-v0.1",
            ["llama.block_count"] = 32.0,
            ["llama.context_length"] = 32768.0,
            ["llama.embedding_length"] = 4096.0,
            ["llama.feed_forward_length"] = 14336.0,
            ["llama.attention.head_count"] = 32.0,
            ["llama.attention.head_count_kv"] = 8.0,
            ["llama.attention.layer_norm_rms_epsilon"] = 1e-5,
            ["llama.rope.dimension_count"] = 128.0,
            ["llama.vocab_size"] = 32000.0,
        };
        foreach (var (key, value) in changes)
        {
            values.Remove(key);
            if (value is not null)
            {
                values[key] = value;
            }
        }

        return GgufConfig.Read(new GgufMetadata("model.gguf", values), tied: false);
    }
}
