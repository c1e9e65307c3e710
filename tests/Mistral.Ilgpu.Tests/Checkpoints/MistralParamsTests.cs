using System.Text;
using Mistral.Ilgpu.Checkpoints.Native;
using Mistral.Ilgpu.Positions;
using Xunit;

namespace Mistral.Ilgpu.Tests.Checkpoints;

/// <summary>params.json as Mistral releases it.</summary>
public sealed class MistralParamsTests
{
    private const string SevenB =
        """{"dim": 4096, "n_layers": 32, "head_dim": 128, "hidden_dim": 14336, "n_heads": 32, "n_kv_heads": 8, "norm_eps": 1e-05, "vocab_size": 32000}""";

    [Fact]
    public void Read_FirstRelease_HasItsWindowAndBase()
    {
        var config = Read(SevenB[..^1] + """, "sliding_window": 4096}""");
        Assert.Equal((4096, 32, 32, 8, 128, 14336, 32000), (config.Dim, config.LayerCount, config.HeadCount, config.KvHeadCount, config.HeadDim, config.FeedForwardDim, config.VocabularySize));
        Assert.Equal((4096, 10_000.0, 1e-5f), (config.WindowOf(31), config.RopeTheta, config.NormEpsilon));
        Assert.Equal([2], config.EosIds);
    }

    [Fact]
    public void Read_LaterReleases_AreWithoutWindow()
    {
        var config = Read(SevenB[..^1] + """, "rope_theta": 1000000.0, "sliding_window": null}""");
        Assert.Null(config.WindowOf(0));
        Assert.Equal(1e6, config.RopeTheta);
        Assert.Equal(1e6, Read(SevenB).RopeTheta);
    }

    [Fact]
    public void Read_WindowByLayer_Repeats()
    {
        var config = Read(SevenB[..^1] + """, "_sliding_window": [null, 32768, 32768, 32768], "rope_theta": 100000000.0, "max_seq_len": 131072}""");
        Assert.Equal([null, 32768, 32768, 32768, null, 32768], Enumerable.Range(0, 6).Select(config.WindowOf));
        Assert.Equal(131072, config.MaxPositions);
    }

    [Theory]
    [InlineData("false", 1f)]
    [InlineData("true", 1.2772589f)]
    public void Read_Ministral3_ScalesPositionsAndQueries(string appliesScale, float attention)
    {
        var config = Read($$"""
            {{SevenB[..^1]}}, "rope_theta": 1000000.0, "tied_embeddings": true, "max_position_embeddings": 262144,
            "vision_encoder": {"image_token_id": 10}, "q_lora_rank": null,
            "yarn": {"original_max_position_embeddings": 16384, "factor": 16, "apply_scale": {{appliesScale}}, "beta": 32,
            "alpha": 1},
            "llama_4_scaling": {"original_max_position_embeddings": 16384, "beta": 0.1} }
            """);
        Assert.Equal((true, 262144), (config.TiedEmbeddings, config.MaxPositions));
        var yarn = Assert.IsType<YarnScaling>(config.RopeScaling);
        Assert.Equal(new YarnScaling(16, 16384, 32, 1, 1), yarn with { Attention = 1 });
        Assert.Equal(attention, yarn.AttentionFactor, 1e-6f);
        Assert.Equal(new QueryScaling(0.1f, 16384), config.QueryScaling);
    }

    [Theory]
    [InlineData(
        "yarn",
        """{"factor": 4}""",
        "yarn: original_max_position_embeddings: found nothing, expected a whole number from 1")]
    [InlineData(
        "yarn",
        """{"factor": 4, "original_max_position_embeddings": 64, "beta": 32}""",
        "yarn: alpha: found nothing, expected a positive number")]
    [InlineData(
        "yarn",
        """{"factor": 4, "gamma": 1}""",
        "yarn: gamma: found 1, expected only factor, original_max_position_embeddings, beta, alpha, apply_scale")]
    [InlineData(
        "yarn",
        """{"factor": 0.5, "original_max_position_embeddings": 64, "beta": 32, "alpha": 1}""",
        "yarn: factor: found 0.5, expected a number from 1")]
    [InlineData(
        "llama_4_scaling",
        """{"beta": 0, "original_max_position_embeddings": 64}""",
        "llama_4_scaling: beta: found 0, expected a positive number")]
    [InlineData("llama_4_scaling", """{"beta": 0.1}""", "llama_4_scaling: original_max_position_embeddings: found nothing")]
    [InlineData(
        "yarn",
        """{"factor": 4, "original_max_position_embeddings": 64, "beta": 1, "alpha": 2}""",
        "yarn: beta: found 1, expected a number from the slow one, 2")]
    [InlineData(
        "llama_4_scaling",
        """{"beta": 1e60, "original_max_position_embeddings": 64}""",
        "llama_4_scaling: beta: found 1e60, expected a positive float32 number")]
    [InlineData("moe", """{"num_experts": 8}""", "mixtures of experts are not supported")]
    [InlineData("sliding_window", "[]", "at least one window")]
    [InlineData("sliding_window", "[4096, 0]", "found 0, expected whole numbers")]
    [InlineData("sliding_window", "[1, 2, 3]", "3 windows, expected a number of them that divides n_layers = 32")]
    [InlineData("_sliding_window", "[1]", "nothing beside sliding_window", """, "sliding_window": 4096""")]
    [InlineData("head_dim2", "1", "unknown")]
    [InlineData("max_seq_len", "-1", "expected a whole number")]
    [InlineData("rope_theta", "0", "expected a positive number")]
    public void Read_WhatIsNotSupported_IsRefusedByName(string name, string value, string message, string beside = "")
    {
        string found = Assert.Throws<ModelFileException>(() => Read($$"""{{SevenB[..^1]}}, "{{name}}": {{value}}{{beside}}}""")).Message;
        Assert.Contains(name, found);
        Assert.Contains(message, found);
    }

    [Theory]
    [InlineData("\"dim\": 4096", "\"dim\": 1073741824", "width")]
    [InlineData("\"head_dim\": 128", "\"head_dim\": 13", "head size")]
    [InlineData("\"n_kv_heads\": 8", "\"n_kv_heads\": 5", "key and value heads")]
    [InlineData("\"norm_eps\": 1e-05", "\"norm_eps\": 1e-60", "norm epsilon")]
    public void Read_ImpossibleSizes_AreRefused(string from, string to, string message) =>
        Assert.Contains(
            message, Assert.Throws<ModelFileException>(() => Read(SevenB.Replace(from, to, StringComparison.Ordinal))).Message);

    private static ModelConfig Read(string json) => MistralParams.Read(Encoding.UTF8.GetBytes(json), "params.json");
}
