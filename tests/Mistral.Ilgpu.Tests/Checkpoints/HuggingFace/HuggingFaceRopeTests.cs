using System.Text;
using System.Text.Json.Nodes;
using Mistral.Ilgpu.Checkpoints.HuggingFace;
using Mistral.Ilgpu.Positions;
using Xunit;

namespace Mistral.Ilgpu.Tests.Checkpoints.HuggingFace;

/// <summary>Rotary positions of config.json, as transformers reads them.</summary>
public sealed class HuggingFaceRopeTests
{
    private const string Yarn =
        """{"rope_type": "yarn", "type": "yarn", "rope_theta": 1e6, "factor": 16.0, "original_max_position_embeddings": 16384}""";

    private const string Llama3 = """
        {"rope_type": "llama3", "factor": 8.0, "low_freq_factor": 1.0, "high_freq_factor": 4.0,
        "original_max_position_embeddings": 8192}
        """;

    // As released for the 8B, the fields for images cut short.
    private const string Ministral3 = """
        {
          "architectures": ["Mistral3ForConditionalGeneration"], "dtype": "bfloat16", "image_token_index": 10,
          "model_type": "mistral3",
          "multimodal_projector_bias": false, "projector_hidden_act": "gelu", "spatial_merge_size": 2,
          "transformers_version": "5.0.0.dev0",
          "vision_config": {"model_type": "pixtral"}, "vision_feature_layer": -1,
          "text_config": {
            "attention_dropout": 0.0, "head_dim": 128, "hidden_act": "silu", "hidden_size": 4096, "initializer_range": 0.02,
            "intermediate_size": 14336, "max_position_embeddings": 262144, "model_type": "ministral3", "num_attention_heads": 32,
            "num_hidden_layers": 34, "num_key_value_heads": 8, "rms_norm_eps": 1e-05, "sliding_window": null,
            "rope_parameters": {
              "beta_fast": 32.0, "beta_slow": 1.0, "factor": 16.0, "llama_4_scaling_beta": 0.1, "mscale": 1.0,
              "mscale_all_dim": 1.0,
              "original_max_position_embeddings": 16384, "rope_theta": 1000000.0, "rope_type": "yarn", "type": "yarn"
            },
            "tie_word_embeddings": false, "use_cache": true, "vocab_size": 131072
          }
        }
        """;

    [Fact]
    public void Read_Ministral3_IsItsTextTower()
    {
        var config = Read(Ministral3);
        Assert.Equal((4096, 34, 14336, 131072), (config.Dim, config.LayerCount, config.FeedForwardDim, config.VocabularySize));
        Assert.Equal((32, 8, 128), (config.HeadCount, config.KvHeadCount, config.HeadDim));
        Assert.Equal((1e6, 262144), (config.RopeTheta, config.MaxPositions));
        Assert.Equal((null, false), (config.WindowOf(0), config.TiedEmbeddings));
        Assert.Equal(new YarnScaling(16, 16384, 32, 1, 1), config.RopeScaling);
        Assert.Equal(new QueryScaling(0.1f, 16384), config.QueryScaling);
    }

    [Fact]
    public void Read_TextConfigAlone_IsTheSameModel()
    {
        string text = JsonNode.Parse(Ministral3)!["text_config"]!.ToJsonString();
        Assert.Equal(Read(Ministral3) with { EosIds = [] }, Read(text) with { EosIds = [] });
    }

    // Devstral 2 is of the kind and does not scale its queries.
    [Fact]
    public void Read_BetaOfZero_ScalesNoQueries()
    {
        var json = JsonNode.Parse(Ministral3)!["text_config"]!;
        json["rope_parameters"]!["llama_4_scaling_beta"] = 0.0;
        var config = Read(json.ToJsonString());
        Assert.Null(config.QueryScaling);
        Assert.Equal(new YarnScaling(16, 16384, 32, 1, 1), config.RopeScaling);
    }

    [Theory]
    [InlineData("""{"text_config": {"tie_word_embeddings": null}, "tie_word_embeddings": true}""", false)]
    [InlineData("""{"text_config": {"tie_word_embeddings": true}, "tie_word_embeddings": false}""", true)]
    [InlineData("""{"text_config": {}, "tie_word_embeddings": true}""", true)]
    [InlineData("""{"text_config": {}}""", false)]
    public void Read_TiedEmbeddings_AreTheTextTowersFirst(string changes, bool expected)
    {
        var json = JsonNode.Parse(Ministral3)!.AsObject();
        var changed = JsonNode.Parse(changes)!.AsObject();
        json["text_config"]!.AsObject().Remove("tie_word_embeddings");
        if (changed["text_config"]!.AsObject().ContainsKey("tie_word_embeddings"))
        {
            json["text_config"]!["tie_word_embeddings"] = changed["text_config"]!["tie_word_embeddings"]?.DeepClone();
        }

        json["tie_word_embeddings"] = changed["tie_word_embeddings"]?.DeepClone();
        Assert.Equal(expected, Read(json.ToJsonString()).TiedEmbeddings);
    }

    [Theory]
    [InlineData("", 1.2772589f)]
    [InlineData(""", "mscale": 1.0, "mscale_all_dim": 1.0""", 1f)]
    [InlineData(""", "mscale": 0.5, "mscale_all_dim": 2.0""", 0.7324647f)]
    [InlineData(""", "mscale": 0.5""", 1.2772589f)]
    [InlineData(""", "mscale": 0, "mscale_all_dim": 1.0""", 1.2772589f)]
    [InlineData(""", "mscale": 1.0, "mscale_all_dim": 0.0""", 1.2772589f)]
    [InlineData(""", "mscale": 1.0, "mscale_all_dim": 1.0, "attention_factor": 0.7""", 0.7f)]
    public void Read_Yarn_HasTransformersMagnitude(string fields, float expected) =>
        Assert.Equal(expected, Scaled("rope_scaling", Yarn[..^1] + fields + "}")!.AttentionFactor, 1e-6f);

    [Fact]
    public void Read_EveryKind_IsRead()
    {
        Assert.Equal(new YarnScaling(16, 16384, 32, 1, YarnScaling.AttentionOf(16)), Scaled("rope_parameters", Yarn));
        Assert.Equal(
            new YarnScaling(16, 16384, 8, 2, YarnScaling.AttentionOf(16), IsTruncated: false),
            Scaled("rope_scaling", Yarn[..^1] + """, "beta_fast": 8, "beta_slow": 2.0, "truncate": false}"""));
        Assert.Equal(new Llama3Scaling(8, 1, 4, 8192), Scaled("rope_scaling", Llama3));
        Assert.Equal(new LinearScaling(4), Scaled("rope_scaling", """{"type": "linear", "factor": 4}"""));
    }

    [Fact]
    public void Read_FactorsOfPairs_AreReadWhereTheyNeverChange()
    {
        string factors = $"[{string.Join(", ", Enumerable.Range(1, 64))}]";
        var pairs = Assert.IsType<PairScaling>(Scaled(
            "rope_scaling",
            $$"""{"type": "longrope", "short_factor": {{factors}}, "long_factor": {{factors}}, "attention_factor": 1.0}"""));
        Assert.Equal(Enumerable.Range(1, 64).Select(factor => (float)factor), pairs.Divisors);
    }

    [Theory]
    [InlineData(
        """{"rope_type": "dynamic", "factor": 4}""",
        "rope_type: found dynamic, expected default, linear, llama3 or yarn: frequencies that change with a text's length")]
    [InlineData("""{"rope_type": "su", "factor": 4}""", "rope_type: found su, expected default, linear, llama3 or yarn")]
    [InlineData("""{"rope_type": "yarn", "type": "linear", "factor": 4}""", "type: found linear, expected yarn as in rope_type")]
    [InlineData(
        """{"rope_type": "yarn", "factor": 4}""",
        "original_max_position_embeddings: found nothing, expected a whole number")]
    [InlineData(
        """{"rope_type": "yarn", "original_max_position_embeddings": 64}""",
        "factor: found nothing, expected a positive number")]
    [InlineData(
        """{"rope_type": "yarn", "factor": 0.5, "original_max_position_embeddings": 64}""",
        "factor: found 0.5, expected a number from 1")]
    [InlineData(
        """{"rope_type": "yarn", "factor": 4, "original_max_position_embeddings": 5}""",
        "original_max_position_embeddings: found 5, expected a length in which a pair of the head turns beta_slow times")]
    [InlineData(
        """{"rope_type": "yarn", "factor": 4, "original_max_position_embeddings": 64, "beta_fast": 1, "beta_slow": 2}""",
        "beta_fast: found 1, expected a number from the slow one, 2")]
    [InlineData(
        """{"rope_type": "yarn", "factor": 4, "original_max_position_embeddings": 64, "beta_fast": 0}""",
        "beta_fast: found 0, expected a positive number")]
    [InlineData(
        """{"rope_type": "yarn", "factor": 1e60, "original_max_position_embeddings": 64}""",
        "factor: found 1e60, expected a positive float32 number")]
    [InlineData(
        """{"rope_type": "yarn", "factor": 4, "original_max_position_embeddings": 64, "mscale": -1}""",
        "mscale: found -1, expected a positive number")]
    [InlineData(
        """{"rope_type": "yarn", "factor": 4, "original_max_position_embeddings": 64, "extrapolation_factor": 1}""",
        "extrapolation_factor: found 1, expected only fields of yarn rotary positions")]
    [InlineData(
        """{"rope_type": "yarn", "factor": 4, "original_max_position_embeddings": 64, "llama_4_scaling_beta": 0.1}""",
        "llama_4_scaling_beta: found 0.1, expected only fields")]
    [InlineData(
        """{"type": "llama3", "factor": 8, "low_freq_factor": 4, "high_freq_factor": 4, "original_max_position_embeddings": 8}""",
        "high_freq_factor: found 4, expected a number above low_freq_factor")]
    [InlineData(
        """{"rope_type": "llama3", "factor": 8, "high_freq_factor": 4, "original_max_position_embeddings": 64}""",
        "low_freq_factor: found nothing, expected a positive number")]
    [InlineData(
        """{"rope_type": "longrope", "short_factor": [1, 2], "long_factor": [1, 3], "attention_factor": 1}""",
        "long_factor: found [1,3], expected the numbers of short_factor")]
    [InlineData(
        """{"rope_type": "longrope", "short_factor": [1, 2], "long_factor": [1, 2], "attention_factor": 1}""",
        "short_factor: found 2, expected 64 numbers")]
    [InlineData(
        """{"rope_type": "longrope", "short_factor": [1, 2], "long_factor": [1, 2]}""",
        "attention_factor: found nothing, expected 1")]
    [InlineData(
        """{"rope_type": "longrope", "short_factor": [], "long_factor": []}""",
        "short_factor: found [], expected a list of numbers")]
    public void Read_WhatIsNotSupported_IsRefusedByName(string rope, string message)
    {
        string found = Assert.Throws<ModelFileException>(() => Scaled("rope_parameters", rope)).Message;
        Assert.StartsWith("config.json: rope_parameters: ", found);
        Assert.Contains(message, found);
        Assert.DoesNotContain('\n', found);
    }

    [Theory]
    [InlineData("text_config", null, "text_config: found nothing, expected an object")]
    [InlineData("audio_config", "{}", "audio_config: found {}, expected only fields of a dense Mistral")]
    [InlineData("quantization_config", """{"quant_method": "awq"}""", "quantization_config: quant_method: found awq, expected fp8")]
    public void Read_MultimodalOfAnotherKind_IsRefused(string field, string? value, string message)
    {
        var json = JsonNode.Parse(Ministral3)!.AsObject();
        json[field] = value is null ? null : JsonNode.Parse(value);
        Assert.Contains(message, Assert.Throws<ModelFileException>(() => Read(json.ToJsonString())).Message);
    }

    [Theory]
    [InlineData("model_type", "\"mixtral\"", "model_type: found mixtral, expected mistral or llama or ministral or ministral3")]
    [InlineData(
        "rope_parameters",
        null,
        "rope_parameters: found nothing, expected an object with rope_type and llama_4_scaling_beta")]
    [InlineData("rope_parameters", Yarn, "llama_4_scaling_beta: found nothing, expected a number from 0")]
    [InlineData("rope_parameters", """{"llama_4_scaling_beta": 0.1}""", "original_max_position_embeddings: found nothing")]
    [InlineData(
        "rope_parameters",
        """{"llama_4_scaling_beta": 1e40, "original_max_position_embeddings": 4}""",
        "llama_4_scaling_beta: found 1e40, expected a positive float32")]
    [InlineData(
        "rope_scaling",
        """{"original_max_position_embeddings": 4, "llama_4_scaling_beta": 0.2}""",
        "rope_scaling: found")]
    public void Read_TextTowerThatContradicts_IsRefused(string field, string? value, string message)
    {
        var json = JsonNode.Parse(Ministral3)!.AsObject();
        json["text_config"]![field] = value is null ? null : JsonNode.Parse(value);
        string found = Assert.Throws<ModelFileException>(() => Read(json.ToJsonString())).Message;
        Assert.StartsWith("config.json: text_config: ", found);
        Assert.Contains(message, found);
    }

    private static ModelConfig Read(string json) => HuggingFaceConfig.Read(Encoding.UTF8.GetBytes(json), "config.json");

    private static RopeScaling? Scaled(string field, string rope)
    {
        var json = new JsonObject
        {
            ["model_type"] = "mistral",
            ["vocab_size"] = 32000,
            ["hidden_size"] = 4096,
            ["num_hidden_layers"] = 2,
            ["num_attention_heads"] = 32,
            ["intermediate_size"] = 14336,
            [field] = JsonNode.Parse(rope),
        };
        return Read(json.ToJsonString()).RopeScaling;
    }
}
