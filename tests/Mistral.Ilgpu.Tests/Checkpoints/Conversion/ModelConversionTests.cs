using System.Diagnostics;
using System.Text.Json.Nodes;
using Mistral.Ilgpu.Checkpoints;
using Mistral.Ilgpu.Checkpoints.Conversion;
using Mistral.Ilgpu.Tests.Chat;
using Mistral.Ilgpu.Tests.Tokenization;
using Mistral.Ilgpu.Tokenization;
using Xunit;

namespace Mistral.Ilgpu.Tests.Checkpoints.Conversion;

public sealed class ModelConversionTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Theory]
    [InlineData("F32", false)]
    [InlineData("F16", false)]
    [InlineData("BF16", false)]
    [InlineData("BF16", true)]
    public void Convert_ToGgufAndBack_IsLossless(string type, bool tied)
    {
        using var original = ConvertedModel.Write(_folder.File("hf"), type, tied);
        ModelConversion.Convert(original, _folder.File("model.gguf"), null);
        using var gguf = Checkpoint.Open(_folder.File("model.gguf"));
        ModelConversion.Convert(gguf, _folder.File("back"), TensorFormatExtensions.FromStoredName(type));
        using var back = Checkpoint.Open(_folder.File("back"));

        Assert.Equal(("GGUF", "Hugging Face"), (gguf.Layout, back.Layout));
        foreach (var found in new[] { gguf, back })
        {
            Assert.Equal(original.Config with { EosIds = [] }, found.Config with { EosIds = [] });
            Assert.Equal(original.Config.EosIds, found.Config.EosIds);
            Assert.Equal(original.Tokenizer.EncodeToIds("the heat of the night é"), found.Tokenizer.EncodeToIds("the heat of the night é"));
        }

        Assert.Equal(original.Tensors.Keys.Order(), back.Tensors.Keys.Order());
        foreach (var (name, tensor) in original.Tensors)
        {
            Assert.Equal(tensor.Format, back.Tensors[name].Format);
            Assert.Equal(ConvertedModel.Bytes(tensor, tensor.Format), ConvertedModel.Bytes(back.Tensors[name], tensor.Format));
        }

        // The very file, but for the order of its header.
        Assert.Equal(
            ConvertedModel.Bytes(original.Tensors[TensorNames.Query(1)], TensorFormat.Float32),
            ConvertedModel.Bytes(gguf.Tensors[TensorNames.Query(1)], TensorFormat.Float32));
    }

    [Theory]
    [InlineData(
        "mistral",
        """{"rope_type": "yarn", "factor": 4, "original_max_position_embeddings": 64, "beta_fast": 2.5, "attention_factor": 2}""",
        "mistral3")]
    [InlineData(
        "ministral3",
        """{"type": "yarn", "factor": 4, "original_max_position_embeddings": 64, "llama_4_scaling_beta": 0.1}""",
        "mistral3")]
    [InlineData(
        "ministral3",
        """{"rope_type": "default", "original_max_position_embeddings": 64, "llama_4_scaling_beta": 0.3}""",
        "mistral3")]
    [InlineData("mistral", """{"rope_type": "linear", "factor": 2.5}""", "llama")]
    public void Convert_ScaledPositionsToGgufAndBack_IsLossless(string modelType, string rope, string architecture)
    {
        using (ConvertedModel.Write(_folder.File("hf"), tied: true))
        {
        }

        Change(modelType, rope);
        using var original = Checkpoint.Open(_folder.File("hf"));
        ModelConversion.Convert(original, _folder.File("model.gguf"), null);
        using var gguf = Checkpoint.Open(_folder.File("model.gguf"));
        ModelConversion.Convert(gguf, _folder.File("back"), null);
        using var back = Checkpoint.Open(_folder.File("back"));
        string file = System.Text.Encoding.Latin1.GetString(File.ReadAllBytes(_folder.File("model.gguf")));
        Assert.Contains(architecture + ".rope.scaling.", file);
        foreach (var found in new[] { gguf, back })
        {
            Assert.Equal(original.Config with { EosIds = [] }, found.Config with { EosIds = [] });
        }
    }

    [Theory]
    [InlineData(
        "mistral",
        """{"rope_type": "yarn", "factor": 4, "original_max_position_embeddings": 64, "truncate": false}""",
        "model.gguf",
        "truncate: found false, expected true: GGUF has no room for it")]
    [InlineData(
        "ministral3",
        """{"original_max_position_embeddings": 64, "llama_4_scaling_beta": 0.1}""",
        "back",
        "different windows and scaled queries",
        """["full_attention", "sliding_attention"]""")]
    public void Convert_WhatTheOutputCannotHold_IsRefused(
        string modelType, string rope, string output, string message, string? layers = null)
    {
        using (ConvertedModel.Write(_folder.File("hf")))
        {
        }

        Change(modelType, rope, layers);
        using var original = Checkpoint.Open(_folder.File("hf"));
        var error = Assert.Throws<ModelFileException>(() => ModelConversion.Convert(original, _folder.File(output), null));
        Assert.Contains(message, error.Message);
        Assert.False(Path.Exists(_folder.File(output)));
    }

    [Theory]
    [InlineData(TensorFormat.Q8_0, 64, TensorFormat.Q8_0, TensorFormat.Q8_0)]
    [InlineData(TensorFormat.Q4_0, 64, TensorFormat.Q4_0, TensorFormat.Q8_0)]
    [InlineData(TensorFormat.Q4_0, 256, TensorFormat.Q4_0, TensorFormat.Q6_K)]
    [InlineData(TensorFormat.Q4_K, 256, TensorFormat.Q4_K, TensorFormat.Q6_K)]
    [InlineData(TensorFormat.Q4_K, 64, TensorFormat.Q8_0, TensorFormat.Q8_0)]
    [InlineData(TensorFormat.Q6_K, 256, TensorFormat.Q6_K, TensorFormat.Q6_K)]
    public void Convert_ToQuantized_TakesTheTypeWhereRowsAreWholeBlocks(
        TensorFormat type, int dim, TensorFormat matrices, TensorFormat output)
    {
        using var original = ConvertedModel.Write(_folder.File("hf"), dim: dim);
        ModelConversion.Convert(original, _folder.File("model.gguf"), type);
        using var found = Checkpoint.Open(_folder.File("model.gguf"));
        Assert.Equal(matrices, found.Tensors[TensorNames.Up(0)].Format);
        Assert.Equal(output, found.Tensors[TensorNames.Output].Format);
        Assert.Equal(TensorFormat.Float32, found.Tensors[TensorNames.Norm].Format);
    }

    [Fact]
    public void Convert_TekkenToGguf_KeepsIdsAndVersion()
    {
        Directory.CreateDirectory(_folder.File("hf"));
        using (ConvertedModel.Write(_folder.File("hf"), vocabulary: 288))
        {
        }

        File.Delete(_folder.File("hf/tokenizer.model"));
        string[] joined = ["th", "the", " th", " the", "at"];
        File.WriteAllText(_folder.File("hf/tekken.json"), SmallTekken.Json(27, joined).ToJsonString());
        using var original = Checkpoint.Open(_folder.File("hf"));
        ModelConversion.Convert(original, _folder.File("model.gguf"), null);
        using var found = Checkpoint.Open(_folder.File("model.gguf"));
        Assert.IsType<ByteLevelBpe>(found.Tokenizer);
        Assert.Equal(original.Tokenizer.EncodeToIds("the cat that the"), found.Tokenizer.EncodeToIds("the cat that the"));
        Assert.Equal(("v3", 1, 2, 3), (found.Tokenizer.DeclaredVersion, found.Tokenizer.BosId, found.Tokenizer.EosId, found.Tokenizer.FindControl("[INST]")));
        ModelConversion.Convert(found, _folder.File("back"), null);
        using var back = Checkpoint.Open(_folder.File("back"));
        Assert.Equal(original.Tokenizer.EncodeToIds("the cat that the"), back.Tokenizer.EncodeToIds("the cat that the"));
        Assert.Equal(("v3", 288, 4), (back.Tokenizer.DeclaredVersion, back.Tokenizer.VocabularySize, back.Tokenizer.FindControl("[/INST]")));
    }

    [Theory]
    [InlineData("{}", null)]
    [InlineData("""{"reasoning_effort":{"values":["low","high"],"accepts_none":true,"default":"high"}}""", "high")]
    public void Convert_TekkenWithSettingsToGgufAndBack_KeepsThem(string settings, string? effort)
    {
        ConvertedModel.Write(_folder.File("hf"), vocabulary: 363).Dispose();
        File.Delete(_folder.File("hf/tokenizer.model"));
        var tekken = ChatTokenizers.TekkenJson("v15");
        tekken["model_settings_builder"] = JsonNode.Parse(settings);
        File.WriteAllText(_folder.File("hf/tekken.json"), tekken.ToJsonString());
        using var original = Checkpoint.Open(_folder.File("hf"));
        ModelConversion.Convert(original, _folder.File("model.gguf"), null);
        using var found = Checkpoint.Open(_folder.File("model.gguf"));
        Assert.Equal(("v15", effort), (found.Tokenizer.DeclaredVersion, found.Tokenizer.ReasoningEfforts?.Default));
        ModelConversion.Convert(found, _folder.File("back"), null);
        using var back = Checkpoint.Open(_folder.File("back"));
        Assert.Equal(("v15", effort), (back.Tokenizer.DeclaredVersion, back.Tokenizer.ReasoningEfforts?.Default));
    }

    [Fact]
    public void Convert_Cancelled_LeavesWhatWasThere()
    {
        using var original = ConvertedModel.Write(_folder.File("hf"));
        File.WriteAllText(_folder.File("model.gguf"), "before");
        using var cancellation = new CancellationTokenSource();
        var progress = new Calls(() => cancellation.Cancel());
        Assert.Throws<OperationCanceledException>(() => ModelConversion.Convert(original, _folder.File("model.gguf"), null, progress, cancellation.Token));
        Assert.Equal("before", File.ReadAllText(_folder.File("model.gguf")));
        Assert.Equal(["hf", "model.gguf"], Directory.EnumerateFileSystemEntries(_folder.Path).Select(Path.GetFileName).Order());
    }

    [Fact]
    public void Convert_BesideWhatADeadProcessLeft_RemovesThatAlone()
    {
        using var original = ConvertedModel.Write(_folder.File("hf"));
        using var living = Process.GetProcesses().First(process => process.Id != Environment.ProcessId);
        string[] others = [$"model.gguf.partial-{living.Id}", $"other.gguf.partial-{int.MaxValue}", "model.gguf.partial-x"];
        foreach (string name in others)
        {
            File.WriteAllText(_folder.File(name), "x");
        }

        File.WriteAllText(_folder.File($"model.gguf.partial-{int.MaxValue}"), "x");
        Directory.CreateDirectory(_folder.File($"model.gguf.partial-{int.MaxValue - 1}/shards"));
        ModelConversion.Convert(original, _folder.File("model.gguf"), null);

        Assert.Equal([.. others.Append("hf").Append("model.gguf").Order()], Directory.EnumerateFileSystemEntries(_folder.Path).Select(Path.GetFileName).Order());
    }

    [Theory]
    [InlineData("hf", "found the model that is read")]
    [InlineData("full", "expected an empty folder")]
    [InlineData("missing/model.gguf", "found no folder")]
    [InlineData("folder.gguf", "expected a file to write")]
    public void Convert_ToWhereItCannot_IsRefused(string output, string message)
    {
        using var original = ConvertedModel.Write(_folder.File("hf"));
        Directory.CreateDirectory(_folder.File("full"));
        Directory.CreateDirectory(_folder.File("folder.gguf"));
        File.WriteAllText(_folder.File("full/notes"), "x");
        Assert.Contains(message, Assert.Throws<ModelFileException>(() => ModelConversion.Convert(original, _folder.File(output), null)).Message);
        Assert.Equal("x", File.ReadAllText(_folder.File("full/notes")));
    }

    [Theory]
    [InlineData("model.gguf")]
    [InlineData("hf")]
    public void Convert_LengthsThatDiffer_AreRefused(string output)
    {
        File.WriteAllText(_folder.File("params.json"), """
            {"dim": 64, "n_layers": 1, "head_dim": 32, "hidden_dim": 64, "n_heads": 2, "n_kv_heads": 2, "norm_eps": 1e-05,
            "vocab_size": 300,
            "yarn": {"factor": 4, "original_max_position_embeddings": 64, "beta": 32, "alpha": 1},
            "llama_4_scaling": {"beta": 0.1, "original_max_position_embeddings": 32}}
            """);
        using var original = Checkpoint.Open($"random:{_folder.File("params.json")}");
        var error = Assert.Throws<ModelFileException>(() => ModelConversion.Convert(original, _folder.File(output), null));
        Assert.Contains("original length: found 64 for positions and 32 for queries, expected one", error.Message);
    }

    private void Change(string modelType, string rope, string? layers = null)
    {
        string file = _folder.File("hf/config.json");
        var config = JsonNode.Parse(File.ReadAllText(file))!.AsObject();
        (config["model_type"], config["rope_parameters"]) = (modelType, JsonNode.Parse(rope));
        config["layer_types"] = layers is null ? null : JsonNode.Parse(layers);
        File.WriteAllText(file, config.ToJsonString());
    }

    private sealed class Calls(Action action) : IProgress<TensorProgress>
    {
        public void Report(TensorProgress value) => action();
    }
}
