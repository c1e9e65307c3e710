using System.Runtime.InteropServices;
using System.Text.Json.Nodes;
using Mistral.Ilgpu.Checkpoints;
using Mistral.Ilgpu.Reference;
using Xunit;

namespace Mistral.Ilgpu.Tests.Checkpoints;

/// <summary>What a folder on a real disk adds to what its files say: paths in messages, links, names that lead
/// elsewhere.</summary>
public sealed class CheckpointBadInputTests : IDisposable
{
    private const string Weights = "model.safetensors";
    private const string Index = "model.safetensors.index.json";

    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Fact]
    public void Open_HeaderCutAtEverySeventhByte_IsRefused()
    {
        Write();
        byte[] whole = File.ReadAllBytes(_folder.File(Weights));
        int header = (int)BitConverter.ToInt64(whole) + 8;
        for (int length = 0; length < header; length += 7)
        {
            File.WriteAllBytes(_folder.File(Weights), whole[..length]);
            AssertRefused(_folder.File(Weights));
        }
    }

    [Theory]
    [InlineData("garbage, much like a file of another kind")]
    [InlineData("version https://git-lfs.github.com/spec/v1\noid sha256:0\nsize 14483464192\n")]
    [InlineData("<!DOCTYPE html>")]
    public void Open_WeightsOfAnotherKind_IsRefused(string content)
    {
        Write();
        File.WriteAllText(_folder.File(Weights), content);
        AssertRefused(_folder.File(Weights), "header length: found ");
    }

    [Theory]
    [InlineData("model_type", "\"mixtral\"")]
    [InlineData("no_such_field", "1")]
    [InlineData("num_key_value_heads", "3")]
    [InlineData("head_dim", "7")]
    [InlineData("rope_scaling", """{"rope_type": "linear", "factor": 0.5}""")]
    [InlineData("hidden_act", "\"gelu\"")]
    [InlineData("sliding_window", "0")]
    [InlineData("hidden_size", "-24")]
    [InlineData("num_hidden_layers", "-1")]
    [InlineData("vocab_size", "536870912")]
    [InlineData("num_attention_heads", "1073741824")]
    [InlineData("intermediate_size", "1e30")]
    [InlineData("eos_token_id", "40")]
    public void Open_ConfigFieldWrong_IsRefusedByFileAndField(string field, string value)
    {
        Write();
        var config = JsonNode.Parse(File.ReadAllText(_folder.File("config.json")))!.AsObject();
        config[field] = JsonNode.Parse(value);
        File.WriteAllText(_folder.File("config.json"), config.ToJsonString());
        AssertRefused(_folder.File("config.json"), field);
    }

    [Theory]
    [InlineData("{", "not valid JSON")]
    [InlineData("3", "expected an object")]
    [InlineData("""{"eos_token_id": 40}""", "eos_token_id: found 40")]
    [InlineData("""{"eos_token_id": 2, "eos_token_id": 3}""", "eos_token_id: found twice")]
    public void Open_GenerationConfigWrong_IsRefused(string json, string message)
    {
        Write();
        File.WriteAllText(_folder.File("generation_config.json"), json);
        AssertRefused(_folder.File("generation_config.json"), message);
    }

    // The file named is a whole model, so only the name can be why it is refused.
    [Theory]
    [InlineData("../elsewhere/model.safetensors")]
    [InlineData("./model.safetensors")]
    [InlineData("inner/model.safetensors")]
    [InlineData("<absolute>")]
    public void Open_ShardOutsideTheFolder_IsRefused(string shard)
    {
        string model = _folder.File("model");
        foreach (string folder in new[] { model, _folder.File("elsewhere"), Path.Combine(model, "inner") })
        {
            new RandomCheckpoint(1).Write(folder);
        }

        shard = shard == "<absolute>" ? Path.Combine(_folder.File("elsewhere"), Weights) : shard;
        WriteIndex(model, shard);
        AssertRefusedAt(model, Path.Combine(model, Index), $"model.norm.weight: found '{shard}', expected the name of a file in the same folder");
    }

    [Theory]
    [InlineData("..")]
    [InlineData("inner")]
    [InlineData("..\\elsewhere")]
    [InlineData("a\0b")]
    [InlineData("a\nb")]
    [InlineData("a\u2028b")]
    public void Open_ShardThatIsNoFile_IsRefused(string shard)
    {
        Write();
        Directory.CreateDirectory(_folder.File("inner"));
        WriteIndex(_folder.Path, shard);
        AssertRefused(_folder.Path);
    }

    [Fact]
    public void Open_TensorNameWithLineBreaks_IsRefusedInOneLine()
    {
        Write(random => random.Damage = tensors => tensors["a\r\nb\u2028c\u2029d\u0085e"] = ("F32", [1], new byte[4]));
        AssertRefused(_folder.File(Weights), "a b c d e: found a tensor");
    }

    /// <summary>Hugging Face's own cache keeps a model as links to files elsewhere.</summary>
    [Fact]
    public void Open_FilesThatAreLinks_EqualsTheFiles()
    {
        string real = _folder.File("blobs"), links = _folder.File("snapshot");
        new RandomCheckpoint(1).Write(real);
        Directory.CreateDirectory(links);
        foreach (string file in Directory.GetFiles(real))
        {
            Link(Path.Combine(links, Path.GetFileName(file)), Path.Combine("..", "blobs", Path.GetFileName(file)));
        }

        // The folder is a link as well, so ".." in the links within leads elsewhere than the folder's own path says.
        Directory.CreateDirectory(_folder.File("far"));
        Link(_folder.File("far/model"), Path.Combine("..", "snapshot"));
        using var expected = Checkpoint.Open(real);
        using var linked = Checkpoint.Open(_folder.File("far/model"));
        Assert.Equal(expected.TotalBytes, linked.TotalBytes);
        Assert.Equal(Rows(expected, TensorNames.Output), Rows(linked, TensorNames.Output));
    }

    [Theory]
    [InlineData("config.json")]
    [InlineData(Weights)]
    public void Open_LinkToNothing_IsRefused(string file)
    {
        Write();
        File.Delete(_folder.File(file));
        Link(_folder.File(file), "gone");
        AssertRefused(_folder.File(file));
    }

    [Fact]
    public void Query_OfEachHead_InterleavesItsHalves()
    {
        Write(random =>
        {
            random.Config["num_attention_heads"] = 2;
            random.Config["num_key_value_heads"] = 1;
            random.Config["head_dim"] = 16;
            random.Damage = tensors =>
            {
                foreach (string name in new[] { "q_proj", "k_proj", "v_proj" })
                {
                    string key = $"model.layers.0.self_attn.{name}.weight";
                    float[] rows =
                        [.. Enumerable.Range(0, (int)tensors[key].Shape[0]).SelectMany(row => Enumerable.Repeat((float)row, 24))];
                    tensors[key] = tensors[key] with { Bytes = MemoryMarshal.AsBytes<float>(rows).ToArray() };
                }
            };
        });
        using var checkpoint = Checkpoint.Open(_folder.Path);
        float[] head = [0, 8, 1, 9, 2, 10, 3, 11, 4, 12, 5, 13, 6, 14, 7, 15];
        Assert.Equal([.. head, .. head.Select(row => row + 16)], FirstColumn(TensorNames.Query(0)));
        Assert.Equal(head, FirstColumn(TensorNames.Key(0)));
        Assert.Equal(Enumerable.Range(0, 16).Select(row => (float)row), FirstColumn(TensorNames.Value(0)));

        float[] FirstColumn(string name) => [.. Rows(checkpoint, name).Chunk(24).Select(row => row[0])];
    }

    private static float[] Rows(Checkpoint checkpoint, string name)
    {
        var tensor = checkpoint.Tensors[name];
        var rows = new float[tensor.Rows * tensor.Columns];
        tensor.CopyRows(0, tensor.Rows, TensorFormat.Float32, MemoryMarshal.AsBytes(rows.AsSpan()));
        return rows;
    }

    private static void Link(string path, string target)
    {
        try
        {
            File.CreateSymbolicLink(path, target);
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            Assert.Skip($"links cannot be made here: {exception.Message}");
        }
    }

    private static void WriteIndex(string folder, string shard) => File.WriteAllText(
        Path.Combine(folder, Index), new JsonObject { ["weight_map"] = new JsonObject { ["model.norm.weight"] = shard } }.ToJsonString());

    private void Write(Action<RandomCheckpoint>? change = null)
    {
        var random = new RandomCheckpoint(1);
        change?.Invoke(random);
        random.Write(_folder.Path);
    }

    private void AssertRefused(params string[] parts) => AssertRefusedAt(_folder.Path, parts);

    private static void AssertRefusedAt(string model, params string[] parts)
    {
        string message = Assert.Throws<ModelFileException>(() => Checkpoint.Open(model)).Message;
        Assert.All(parts, part => Assert.Contains(part, message));
        Assert.Equal(message, message.ReplaceLineEndings(" "));
    }
}
