using System.Text;
using System.Text.Json.Nodes;
using Mistral.Ilgpu.Checkpoints.HuggingFace;
using Mistral.Ilgpu.Model;
using Mistral.Ilgpu.Tests.Tokenization;
using Xunit;

namespace Mistral.Ilgpu.Tests;

/// <summary>What is read from a config.json and what is refused.</summary>
public sealed class ModelConfigTests
{
    private const string Mistral7B = """
        {
          "architectures": ["MistralForCausalLM"], "bos_token_id": 1, "eos_token_id": 2, "hidden_act": "silu",
          "hidden_size": 4096, "initializer_range": 0.02, "intermediate_size": 14336, "max_position_embeddings": 32768,
          "model_type": "mistral", "num_attention_heads": 32, "num_hidden_layers": 32, "num_key_value_heads": 8,
          "rms_norm_eps": 1e-05, "rope_theta": 10000.0, "sliding_window": 4096, "tie_word_embeddings": false,
          "torch_dtype": "bfloat16", "transformers_version": "4.34.0.dev0", "use_cache": true, "vocab_size": 32000
        }
        """;

    [Fact]
    public void Read_Mistral7B_GivesItsShapes()
    {
        var config = Read();
        Assert.Equal((32000, 4096, 32), (config.VocabularySize, config.Dim, config.LayerCount));
        Assert.Equal((32, 8, 128, 14336), (config.HeadCount, config.KvHeadCount, config.HeadDim, config.FeedForwardDim));
        Assert.Equal((1e-5f, 10000.0, 32768, false), (config.NormEpsilon, config.RopeTheta, config.MaxPositions, config.TiedEmbeddings));
        Assert.Equal([2], config.EosIds);
        Assert.Equal(4096, config.WindowOf(31));
        Assert.Equal(7_241_732_096, MistralGraph.ParameterCountOf(config));
    }

    [Fact]
    public void Read_Mistral7BVersion3_HasNoWindow()
    {
        var config = Read(("sliding_window", "null"), ("rope_theta", "1000000.0"), ("vocab_size", "32768"));
        Assert.Null(config.WindowOf(0));
        Assert.Equal(7_248_023_552, MistralGraph.ParameterCountOf(config));
    }

    [Fact]
    public void Read_WindowAbsent_IsTransformersDefault() => Assert.Equal(4096, Read(("sliding_window", null)).WindowOf(0));

    [Theory]
    [InlineData(null)]
    [InlineData("null")]
    public void Read_OptionalFieldsAbsentOrNull_FollowFromOthers(string? value)
    {
        var config = Read(
            ("head_dim", value), ("rope_theta", value), ("rms_norm_eps", value), ("hidden_act", value), ("tie_word_embeddings", value),
            ("max_position_embeddings", value));
        Assert.Equal((128, 10000.0, 1e-6f, 131072), (config.HeadDim, config.RopeTheta, config.NormEpsilon, config.MaxPositions));
        Assert.False(config.TiedEmbeddings);
    }

    // transformers' MistralConfig: 8 where absent, as many as query heads where null; LlamaConfig: the latter in both.
    [Theory]
    [InlineData("mistral", null, 8)]
    [InlineData("ministral", null, 8)]
    [InlineData("mistral", "null", 32)]
    [InlineData("llama", null, 32)]
    [InlineData("llama", "null", 32)]
    public void Read_KvHeadsAbsentOrNull_AreTransformersDefault(string type, string? value, int expected) =>
        Assert.Equal(expected, Read(("model_type", $"\"{type}\""), ("num_key_value_heads", value)).KvHeadCount);

    [Theory]
    [InlineData("mistral")]
    [InlineData("llama")]
    public void Read_EosAbsent_IsTransformersDefault(string type)
    {
        Assert.Equal([2], Read(("model_type", $"\"{type}\""), ("eos_token_id", null)).EosIds);
        Assert.Empty(Read(("model_type", $"\"{type}\""), ("eos_token_id", "null")).EosIds);
        Assert.Empty(Read(("vocab_size", "2"), ("eos_token_id", null)).EosIds);
    }

    [Fact]
    public void Read_EosAbsentAndNamedForGeneration_IsThatAlone() =>
        Assert.Equal([9], ReadWith("""{"eos_token_id": 9}""", ("eos_token_id", null)).EosIds);

    [Fact]
    public void Read_Llama_HasNoWindowWhateverItSays()
    {
        var config = Read(
            ("model_type", "\"llama\""), ("sliding_window", "64"), ("max_position_embeddings", null), ("num_hidden_layers", "2"),
            ("layer_types", """["sliding_attention", "full_attention"]"""));
        Assert.Equal((null, null, 2048), (config.WindowOf(0), config.WindowOf(1), config.MaxPositions));
    }

    [Theory]
    [InlineData("partial_rotary_factor", "1.0")]
    [InlineData("quantization_config", "{}")]
    [InlineData("quantization", "{}")]
    [InlineData("rope_scaling", """{"type": "default", "factor": 1.0}""")]
    [InlineData("rope_scaling", """{"rope_type": "linear", "factor": 1}""")]
    [InlineData("rope_parameters", """{"rope_type": "default", "factor": 1.0, "partial_rotary_factor": 1.0}""")]
    public void Read_Neutral_ChangesNothing(string field, string value) => Assert.Equivalent(Read(), Read((field, value)));

    [Fact]
    public void Read_HeadDimGiven_NeedNotMultiplyToDim()
    {
        var config = Read(("head_dim", "128"), ("hidden_size", "5120"));
        Assert.Equal((128, 5120), (config.HeadDim, config.Dim));
    }

    [Fact]
    public void Read_AsNewTransformersWrites_TakesThetaFromRopeParameters()
    {
        var config = Read(
            ("rope_theta", null), ("rope_parameters", """{"rope_theta": 1e6, "rope_type": "default"}"""), ("torch_dtype", null),
            ("dtype", "\"bfloat16\""), ("num_hidden_layers", "2"), ("layer_types", """["sliding_attention", "sliding_attention"]"""));
        Assert.Equal((1e6, 4096), (config.RopeTheta, config.WindowOf(1)));
    }

    [Theory]
    [InlineData("[2, 5, 2]", new[] { 2, 5 })]
    [InlineData("7", new[] { 7 })]
    [InlineData("[]", new int[0])]
    public void Read_EosIds_AreOneOrAList(string value, int[] expected) =>
        Assert.Equal(expected, Read(("eos_token_id", value)).EosIds);

    [Fact]
    public void Generation_EosIds_JoinThoseOfConfig()
    {
        Assert.Equal([2, 9], ReadWith("""{"eos_token_id": [2, 9], "temperature": 0.7}""").EosIds);
    }

    [Fact]
    public void Generation_EosIdOutsideVocabulary_IsRefused() => AssertOneLine(
        "g.json", "eos_token_id", "32000", () => ReadWith("""{"eos_token_id": 32000}"""));

    [Theory]
    [InlineData(-1)]
    [InlineData(32)]
    public void WindowOf_NoSuchLayer_Throws(int layer) =>
        Assert.Throws<ArgumentOutOfRangeException>(() => Read().WindowOf(layer));

    [Theory]
    [InlineData("model_type", "\"mixtral\"", "found mixtral, expected mistral or llama or ministral")]
    [InlineData("model_type", null, "found nothing, expected mistral")]
    [InlineData("model_type", "7", "found 7, expected a string")]
    [InlineData("hidden_act", "\"gelu\"", "found gelu, expected silu")]
    [InlineData("attention_bias", "true", "found true, expected false")]
    [InlineData("mlp_bias", "true", "found true, expected false")]
    [InlineData("tie_word_embeddings", "\"no\"", "expected true or false")]
    [InlineData("num_key_value_heads", "5", "found 5, expected a divisor of num_attention_heads = 32")]
    [InlineData("num_key_value_heads", "64", "expected a divisor")]
    [InlineData("head_dim", "127", "found 127")]
    [InlineData("head_dim", "0", "found 0")]
    [InlineData("head_dim", "4096", "found 4096")]
    [InlineData("hidden_size", "4100", "found 4100, expected a multiple of num_attention_heads = 32")]
    [InlineData("hidden_size", "-4096", "found -4096, expected a whole number from 1")]
    [InlineData("hidden_size", "4096.5", "found 4096.5")]
    [InlineData("hidden_size", "\"4096\"", "expected a whole number")]
    [InlineData("hidden_size", "99999999999", "found 99999999999")]
    [InlineData("vocab_size", "2147483647", "expected a size that a device can hold")]
    [InlineData("intermediate_size", "2147483647", "expected a size that a device can hold")]
    [InlineData("num_hidden_layers", "0", "found 0")]
    [InlineData("num_hidden_layers", null, "found nothing, expected a whole number")]
    [InlineData("num_attention_heads", "0", "found 0")]
    [InlineData("vocab_size", null, "found nothing")]
    [InlineData("intermediate_size", "null", "found nothing")]
    [InlineData("sliding_window", "0", "found 0")]
    [InlineData("sliding_window", "-1", "found -1")]
    [InlineData("rms_norm_eps", "0", "expected a positive number")]
    [InlineData("rms_norm_eps", "1e-60", "expected a positive float32 number")]
    [InlineData("rms_norm_eps", "1e60", "expected a positive float32 number")]
    [InlineData("rope_theta", "-10000", "expected a positive number")]
    [InlineData("rope_theta", "1e999", "expected a positive number")]
    [InlineData("rope_scaling", """{"type": "linear"}""", "factor: found nothing, expected a positive number")]
    [InlineData("rope_scaling", """{"type": "dynamic", "factor": 1}""", "type: found dynamic, expected default")]
    [InlineData("rope_parameters", """{"partial_rotary_factor": 0.5}""", "partial_rotary_factor: found 0.5, expected null or 1")]
    [InlineData("rope_scaling", """{"factor": 4}""", "factor: found 4")]
    [InlineData("rope_parameters", """{"rope_type": "default", "rope_theta": 1e6}""", "rope_theta: found 1e6, expected 10000 as before")]
    [InlineData("rope_parameters", "\"default\"", "expected an object")]
    [InlineData("partial_rotary_factor", "0.5", "found 0.5, expected null or 1")]
    [InlineData("quantization_config", """{"quant_method": "awq"}""", "found awq, expected fp8")]
    [InlineData("quantization", """{"bits": 4}""", "found nothing, expected fp8")]
    [InlineData("layer_types", """["full_attention"]""", "expected full_attention or sliding_attention once for every layer")]
    [InlineData("layer_types", """["sliding_attention"]""", "expected full_attention or sliding_attention once for every layer")]
    [InlineData("layer_types", "[1]", "expected a list of strings")]
    [InlineData("eos_token_id", "-1", "expected a token id")]
    [InlineData("eos_token_id", "[2, \"x\"]", "expected a token id")]
    [InlineData("eos_token_id", "32000", "found 32000, expected an id below vocab_size = 32000")]
    [InlineData("num_local_experts", "8", "found 8, expected only fields of a dense Mistral")]
    public void Read_UnknownOrContradictory_IsRefusedByField(string field, string? value, string message) =>
        AssertOneLine("config.json", field, message, () => Read((field, value)));

    [Fact]
    public void Read_HeadDimNull_MustDivideAsIfAbsent() => AssertOneLine(
        "config.json", "hidden_size", "found 4100, expected a multiple of num_attention_heads = 32", () => Read(("hidden_size", "4100"), ("head_dim", "null")));

    [Fact]
    public void Read_WidthThatOverflowsAHead_IsRefused() => AssertOneLine(
        "config.json", "hidden_size", "found 1048576, expected a size that a device can hold", () => Read(("hidden_size", "1048576"), ("head_dim", "128")));

    [Theory]
    [InlineData("[]", "expected an object")]
    [InlineData("", "not valid JSON")]
    [InlineData("{} {}", "not valid JSON")]
    [InlineData("{\"model_type\": \"\\ud800\"}", "not valid Unicode")]
    [InlineData("{\"\\udfff\": 1}", "not valid Unicode")]
    [InlineData("{\"model_type\": \"mistral\", \"model_type\": \"mistral\"}", "found twice")]
    [InlineData("{\"line\\nbreak\": 1, \"model_type\": \"mistral\"}", "line break")]
    public void Read_NotAConfiguration_IsRefused(string json, string message) => AssertOneLine(
        "config.json", "", message, () => HuggingFaceConfig.Read(Encoding.UTF8.GetBytes(json), "config.json"));

    [Fact]
    public void Read_CutAnywhere_IsRefused()
    {
        byte[] json = Encoding.UTF8.GetBytes(Mistral7B);
        for (int length = 0; length < json.Length; length++)
        {
            AssertOneLine("config.json", "", "not valid JSON", () => HuggingFaceConfig.Read(json.AsMemory(0, length), "config.json"));
        }
    }

    [Fact]
    public void Read_AnyByteChanged_IsReadOrRefused() => Seeded.Run(3000, random =>
    {
        byte[] json = Encoding.UTF8.GetBytes(Mistral7B);
        for (int changes = random.Next(1, 4); changes > 0; changes--)
        {
            json[random.Next(json.Length)] = (byte)random.Next(256);
        }

        try
        {
            HuggingFaceConfig.Read(json, "config.json");
        }
        catch (ModelFileException exception)
        {
            Assert.DoesNotContain('\n', exception.Message);
        }
    });

    private static ModelConfig Read(params (string Field, string? Value)[] changes) => ReadWith(null, changes);

    private static ModelConfig ReadWith(string? generation, params (string Field, string? Value)[] changes)
    {
        var json = JsonNode.Parse(Mistral7B)!.AsObject();
        foreach (var (field, value) in changes)
        {
            json.Remove(field);
            if (value is not null)
            {
                json[field] = value == "null" ? null : JsonNode.Parse(value);
            }
        }

        return HuggingFaceConfig.Read(
            Encoding.UTF8.GetBytes(json.ToJsonString()), "config.json", generation is null ? null : (Encoding.UTF8.GetBytes(generation), "g.json"));
    }

    private static void AssertOneLine(string file, string field, string message, Action act)
    {
        string text = Assert.Throws<ModelFileException>(act).Message;
        Assert.StartsWith($"{file}: {field}", text);
        Assert.Contains(message, text);
        Assert.DoesNotContain('\n', text);
    }
}
