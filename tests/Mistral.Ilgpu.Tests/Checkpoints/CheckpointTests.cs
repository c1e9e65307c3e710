using Google.Protobuf;
using Mistral.Ilgpu.Checkpoints;
using Mistral.Ilgpu.Model;
using Mistral.Ilgpu.Reference;
using Mistral.Ilgpu.Tests.Tokenization;
using Xunit;

namespace Mistral.Ilgpu.Tests.Checkpoints;

/// <summary>Whole models, read as they should be.</summary>
public sealed class CheckpointTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Theory]
    [InlineData("F32", TensorFormat.Float32)]
    [InlineData("F16", TensorFormat.Float16)]
    [InlineData("BF16", TensorFormat.BFloat16)]
    public void Open_RandomModel_HasEveryTensorAsStored(string type, TensorFormat format)
    {
        new RandomCheckpoint(1) { Type = type }.Write(_folder.Path);
        using var checkpoint = Checkpoint.Open(_folder.Path + Path.DirectorySeparatorChar);
        Assert.Equal(Path.GetFileName(_folder.Path), checkpoint.Name);
        Assert.Equal(21, checkpoint.Tensors.Count);
        Assert.All(checkpoint.Tensors, tensor => Assert.Equal((tensor.Key, format), (tensor.Value.Name, tensor.Value.Format)));
        Assert.Equal(MistralGraph.ParameterCountOf(checkpoint.Config) * format.BytesPerElement(), checkpoint.TotalBytes);
        var query = checkpoint.Tensors[TensorNames.Query(1)];
        Assert.Equal(("model.layers.1.self_attn.q_proj.weight", 128, 24), (query.SourceName, query.Rows, query.Columns));
        Assert.Equal(_folder.File("model.safetensors"), query.SourceFile);
        Assert.Equal((1, 24), (checkpoint.Tensors[TensorNames.Norm].Rows, checkpoint.Tensors[TensorNames.Norm].Columns));
    }

    [Fact]
    public void Open_Tiny_IsBuiltIn()
    {
        using var checkpoint = Checkpoint.Open(Checkpoint.Tiny);
        Assert.Equal(Checkpoint.Tiny, checkpoint.Name);
        Assert.Equal(
            MistralGraph.ParameterCountOf(checkpoint.Config),
            checkpoint.Tensors.Values.Sum(tensor => (long)tensor.Rows * tensor.Columns));
        Assert.Equal(64, checkpoint.Config.WindowOf(0));
        Assert.InRange(checkpoint.Tokenizer.VocabularySize, 500, checkpoint.Config.VocabularySize);
        Assert.All(checkpoint.Tensors.Values, tensor => Bytes(tensor, TensorFormat.Float32));
    }

    [Theory]
    [InlineData(2)]
    [InlineData(5)]
    [InlineData(21)]
    public void Open_Sharded_EqualsUnsharded(int shards)
    {
        int seed = Random.Shared.Next();
        using var other = new TemporaryFolder();
        new RandomCheckpoint(seed).Write(_folder.Path);
        new RandomCheckpoint(seed) { Shards = shards }.Write(other.Path);
        using var whole = Checkpoint.Open(_folder.Path);
        using var sharded = Checkpoint.Open(other.Path);
        Assert.Equal(shards, sharded.Tensors.Values.Select(tensor => tensor.SourceFile).Distinct().Count());
        Assert.Equal(whole.Tensors.Keys.Order(), sharded.Tensors.Keys.Order());
        Assert.All(whole.Tensors, tensor => Assert.True(
            Bytes(tensor.Value, TensorFormat.Float32).SequenceEqual(Bytes(sharded.Tensors[tensor.Key], TensorFormat.Float32)), $"seed {seed}, {tensor.Key}"));
    }

    [Fact]
    public void Open_MixedTypes_KeepsEachTensorsOwn()
    {
        new RandomCheckpoint(1)
        {
            Damage = tensors => tensors["model.norm.weight"] = ("BF16", [24], [.. Enumerable.Repeat<byte[]>([0x80, 0x3F], 24).SelectMany(one => one)]),
        }.Write(_folder.Path);
        using var checkpoint = Checkpoint.Open(_folder.Path);
        Assert.Equal(TensorFormat.BFloat16, checkpoint.Tensors[TensorNames.Norm].Format);
        Assert.Equal(TensorFormat.Float32, checkpoint.Tensors[TensorNames.Embedding].Format);
        Assert.Equal(Enumerable.Repeat(1f, 24), Floats(checkpoint.Tensors[TensorNames.Norm]));
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void Open_TiedEmbeddings_HasNoOutput(bool alsoStored)
    {
        var random = new RandomCheckpoint(1)
        {
            Damage = tensors =>
            {
                if (alsoStored)
                {
                    tensors["lm_head.weight"] = tensors["model.embed_tokens.weight"];
                }
            },
        };
        random.Config["tie_word_embeddings"] = true;
        random.Write(_folder.Path);
        using var checkpoint = Checkpoint.Open(_folder.Path);
        Assert.True(checkpoint.Config.TiedEmbeddings);
        Assert.DoesNotContain(TensorNames.Output, checkpoint.Tensors.Keys);
        Assert.Equal(MistralGraph.ParameterCountOf(checkpoint.Config) * 4, checkpoint.TotalBytes);
    }

    [Fact]
    public void Open_RotaryFrequenciesStored_AreIgnored()
    {
        new RandomCheckpoint(1)
        {
            Damage = tensors => tensors["model.layers.0.self_attn.rotary_emb.inv_freq"] = ("F64", [1], new byte[8]),
        }.Write(_folder.Path);
        using var checkpoint = Checkpoint.Open(_folder.Path);
        Assert.Equal(21, checkpoint.Tensors.Count);
    }

    [Fact]
    public void Open_GenerationConfig_AddsItsEndOfText()
    {
        new RandomCheckpoint(1).Write(_folder.Path);
        File.WriteAllText(_folder.File("generation_config.json"), """{"eos_token_id": [2, 7]}""");
        using var checkpoint = Checkpoint.Open(_folder.Path);
        Assert.Equal([2, 7], checkpoint.Config.EosIds);
    }

    [Fact]
    public void Tokenizer_OfTheFolder_Encodes()
    {
        var random = new RandomCheckpoint(1);
        random.Config["vocab_size"] = 300;
        random.Write(_folder.Path);
        File.WriteAllBytes(_folder.File("tokenizer.model"), SmallModel.Proto(("▁", -2), ("a", -3), ("▁a", -1)).ToByteArray());
        using var checkpoint = Checkpoint.Open(_folder.Path);
        Assert.Equal([SmallModel.FirstPiece + 2], checkpoint.Tokenizer.EncodeToIds("a"));
        Assert.Same(checkpoint.Tokenizer, checkpoint.Tokenizer);
    }

    private static byte[] Bytes(CheckpointTensor tensor, TensorFormat format)
    {
        var bytes = new byte[tensor.Rows * tensor.Columns * format.BytesPerElement()];
        tensor.CopyRows(0, tensor.Rows, format, bytes);
        return bytes;
    }

    private static float[] Floats(CheckpointTensor tensor) =>
        [.. Bytes(tensor, TensorFormat.Float32).Chunk(4).Select(bytes => BitConverter.ToSingle(bytes))];
}
