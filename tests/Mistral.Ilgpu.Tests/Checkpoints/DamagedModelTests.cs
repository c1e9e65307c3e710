using System.Text.Json;
using Google.Protobuf;
using Mistral.Ilgpu.Checkpoints;
using Mistral.Ilgpu.Reference;
using Mistral.Ilgpu.Tests.Tokenization;
using Xunit;
using Tensors = System.Collections.Generic.Dictionary<string, (string Type, long[] Shape, byte[] Bytes)>;

namespace Mistral.Ilgpu.Tests.Checkpoints;

/// <summary>Every way a model folder can be wrong ends in one line that names what is wrong, before anything is loaded.</summary>
public sealed class DamagedModelTests : IDisposable
{
    private const string Query = "model.layers.1.self_attn.q_proj.weight";

    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Fact]
    public void Open_NothingThere_IsRefused() => AssertRefused(_folder.File("none"), "none", "found nothing there");

    [Fact]
    public void Open_AFileOfNoKnownKind_IsRefused()
    {
        File.WriteAllText(_folder.File("notes.txt"), "x");
        AssertRefused(_folder.File("notes.txt"), "notes.txt", "expected");
        AssertRefused(_folder.Path, "found no model", "config.json");
    }

    [Theory]
    [InlineData("config.json")]
    [InlineData("model.safetensors")]
    public void Open_FileMissing_IsRefused(string file)
    {
        Write();
        File.Delete(_folder.File(file));
        AssertRefused(_folder.Path, file, "found no such file");
    }

    [Theory]
    [InlineData("config.json")]
    [InlineData("generation_config.json")]
    [InlineData("model.safetensors")]
    [InlineData("model.safetensors.index.json")]
    public void Open_FileEmpty_IsRefused(string file)
    {
        Write();
        File.WriteAllText(_folder.File(file), "");
        AssertRefused(_folder.Path, file, "empty");
    }

    [Fact]
    public void Open_WeightsCutAnywhere_IsRefused()
    {
        Write();
        string path = _folder.File("model.safetensors");
        byte[] whole = File.ReadAllBytes(path);
        long header = BitConverter.ToInt64(whole) + 8;
        var lengths = Enumerable.Range(1, 12).Select(i => (long)i)
            .Concat([header - 1, header, header + 1, whole.Length / 2, whole.Length - 4, whole.Length - 1])
            .Concat(Enumerable.Range(0, 40).Select(i => 13 + (i * (whole.Length - 14L) / 40)));
        foreach (long length in lengths)
        {
            File.WriteAllBytes(path, whole[..(int)length]);
            AssertRefused(_folder.Path, "model.safetensors");
        }
    }

    [Fact]
    public void Open_ShardMissing_IsRefusedByItsName()
    {
        Write(shards: 3);
        File.Delete(_folder.File("model-00002-of-00003.safetensors"));
        AssertRefused(_folder.Path, "model-00002-of-00003.safetensors", "found no such file");
    }

    [Theory]
    [InlineData("{}", "weight_map: found nothing")]
    [InlineData("""{"weight_map": []}""", "weight_map")]
    [InlineData("""{"weight_map": {}}""", "model.embed_tokens.weight: found no such tensor")]
    [InlineData("""{"weight_map": {"a": 3}}""", "a: found 3")]
    [InlineData("""{"weight_map": {"a": "../model.safetensors"}}""", "a: found '../model.safetensors'")]
    [InlineData("""{"weight_map": {"a": ".."}}""", "found no such file")]
    [InlineData("""{"weight_map": {"a": "model.safetensors"}}""", "a: found no such tensor in model.safetensors")]
    public void Open_IndexWrong_IsRefused(string index, string message)
    {
        Write();
        File.WriteAllText(_folder.File("model.safetensors.index.json"), index);
        AssertRefused(_folder.Path, message);
    }

    [Fact]
    public void Open_TensorInTwoShards_IsRefused()
    {
        Write(shards: 2);
        const string Extra = "model.layers.0.self_attn.rotary_emb.inv_freq";
        RandomCheckpoint.WriteSafetensors(
            _folder.File("extra.safetensors"), new Tensors { [Extra] = ("F32", [1], new byte[4]), ["model.norm.weight"] = ("F32", [24], new byte[96]) });
        string index = _folder.File("model.safetensors.index.json");
        File.WriteAllText(index, File.ReadAllText(index).Replace(
            "\"weight_map\":{", $"\"weight_map\":{{\"{Extra}\":\"extra.safetensors\",", StringComparison.Ordinal));
        AssertRefused(_folder.Path, "model.norm.weight: found in two files");
    }

    [Fact]
    public void Open_AnyTensorMissing_IsRefusedByItsName()
    {
        List<string> names = [];
        Write(tensors => names.AddRange(tensors.Keys));
        Assert.Equal(21, names.Count);
        foreach (string name in names)
        {
            Write(tensors => tensors.Remove(name));
            AssertRefused(_folder.Path, $"{name}: found no such tensor, expected [");
        }
    }

    [Fact]
    public void Open_UnknownTensor_IsRefusedByItsName()
    {
        Write(tensors => tensors["model.layers.0.self_attn.q_proj.bias"] = ("F32", [1], new byte[4]));
        AssertRefused(_folder.Path, "model.layers.0.self_attn.q_proj.bias: found a tensor that a Mistral of this configuration does not have");
    }

    [Theory]
    [InlineData(new long[] { 24, 128 }, "found [24, 128], expected [128, 24]")]
    [InlineData(new long[] { 3072 }, "found [3072], expected [128, 24]")]
    [InlineData(new long[] { 128, 24, 1 }, "found [128, 24, 1]")]
    [InlineData(new long[] { }, "found []")]
    [InlineData(new long[] { long.MaxValue, 24 }, "found [9223372036854775807, 24]")]
    public void Open_ShapeWrong_IsRefused(long[] shape, string message)
    {
        Write(tensors => tensors[Query] = ("F32", shape, tensors[Query].Bytes));
        AssertRefused(_folder.Path, $"{Query}.shape: {message}");
    }

    [Theory]
    [InlineData("intermediate_size", 40, "mlp.gate_proj.weight.shape: found [36, 24], expected [40, 24]")]
    [InlineData("num_hidden_layers", 1, "model.layers.1.input_layernorm.weight: found a tensor that")]
    [InlineData("num_hidden_layers", int.MaxValue, "model.layers.2.input_layernorm.weight: found no such tensor")]
    public void Open_ConfigDescribesAnotherModel_IsRefused(string field, int value, string message)
    {
        Write();
        var config = new RandomCheckpoint(1).Config;
        config[field] = value;
        File.WriteAllText(_folder.File("config.json"), JsonSerializer.Serialize(config));
        AssertRefused(_folder.Path, message);
    }

    [Theory]
    [InlineData("F64")]
    [InlineData("I8")]
    [InlineData("F8_E5M2")]
    [InlineData("f32")]
    public void Open_TypeUnknown_IsRefused(string type)
    {
        Write(tensors => tensors[Query] = tensors[Query] with { Type = type });
        AssertRefused(_folder.Path, $"{Query}.dtype: found {type}, expected F32 or F16 or BF16 or F8_E4M3");
    }

    [Fact]
    public void Open_TypeAndBytesDisagree_IsRefused()
    {
        Write(tensors => tensors[Query] = tensors[Query] with { Type = "BF16" });
        AssertRefused(_folder.Path, $"{Query}.data_offsets: found 12288 bytes, expected 6144");
    }

    [Fact]
    public void Tokenizer_Missing_IsRefusedOnceItIsAskedFor()
    {
        Write();
        using var checkpoint = Checkpoint.Open(_folder.Path);
        Assert.Contains(
            "tokenizer.model: found no such file", Assert.Throws<ModelFileException>(() => checkpoint.Tokenizer).Message);
    }

    [Fact]
    public void Tokenizer_MorePiecesThanEmbeddings_IsRefused()
    {
        Write();
        File.WriteAllBytes(_folder.File("tokenizer.model"), SmallModel.Proto(("a", -1)).ToByteArray());
        using var checkpoint = Checkpoint.Open(_folder.Path);
        Assert.Contains(
            "tokenizer: found 260 pieces, expected at most the model's vocabulary of 40",
            Assert.Throws<ModelFileException>(() => checkpoint.Tokenizer).Message);
    }

    private void Write(Action<Tensors>? damage = null, int shards = 1) =>
        new RandomCheckpoint(1) { Damage = damage, Shards = shards }.Write(_folder.Path);

    private static void AssertRefused(string model, params string[] parts)
    {
        string message = Assert.Throws<ModelFileException>(() => Checkpoint.Open(model)).Message;
        Assert.All(parts, part => Assert.Contains(part, message));
        Assert.DoesNotContain('\n', message);
    }
}
