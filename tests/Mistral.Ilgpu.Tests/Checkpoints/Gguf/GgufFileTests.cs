using System.Text;
using Mistral.Ilgpu.Checkpoints;
using Mistral.Ilgpu.Checkpoints.Conversion;
using Mistral.Ilgpu.Checkpoints.Files;
using Mistral.Ilgpu.Checkpoints.Gguf;
using Mistral.Ilgpu.Tests.Checkpoints.Conversion;
using Mistral.Ilgpu.Tests.Tokenization;
using Xunit;

namespace Mistral.Ilgpu.Tests.Checkpoints.Gguf;

/// <summary>GGUF files whole, split, truncated and hostile.</summary>
public sealed class GgufFileTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();
    private readonly byte[] _whole;

    public GgufFileTests()
    {
        using var original = ConvertedModel.Write(_folder.File("hf"));
        ModelConversion.Convert(original, _folder.File("model.gguf"), null);
        _whole = File.ReadAllBytes(_folder.File("model.gguf"));
    }

    public void Dispose() => _folder.Dispose();

    [Fact]
    public void Open_VersionTwo_IsReadAsThree()
    {
        _whole[4] = 2;
        using var checkpoint = OpenChanged(_whole);
        Assert.Equal(272, checkpoint.Config.VocabularySize);
    }

    [Fact]
    public void Open_Split_IsOneModel()
    {
        using var whole = Checkpoint.Open(_folder.File("model.gguf"));
        Directory.CreateDirectory(_folder.File("split"));
        var tensors = TensorNames.Gguf(whole.Config)
            .Select(expected => (expected.SourceName, Tensor: whole.Tensors[expected.Name])).ToList();
        var metadata = GgufData.MetadataOf(_folder.File("model.gguf"));
        for (int part = 0; part < 3; part++)
        {
            var own = tensors.Where((_, i) => i * 3 / tensors.Count == part).ToList();
            using var file = File.Create(_folder.File($"split/m-0000{part + 1}-of-00003.gguf"));
            using var writer = new GgufWriter(file);
            writer.WriteHeader(
                [.. part == 0 ? metadata : [], new("split.no", (uint)part), new("split.count", 3u), new("split.tensors.count", (uint)tensors.Count)],
                [.. own.Select(entry => new GgufTensor(entry.SourceName, entry.Tensor.Format, entry.Tensor.Rows, entry.Tensor.Columns))]);
            foreach (var (_, tensor) in own)
            {
                file.Write(ConvertedModel.Bytes(tensor, tensor.Format));
                writer.Pad();
            }
        }

        foreach (string path in new[] { "split", "split/m-00002-of-00003.gguf" })
        {
            using var split = Checkpoint.Open(_folder.File(path));
            Assert.All(whole.Tensors, tensor => Assert.Equal(
                ConvertedModel.Bytes(tensor.Value, TensorFormat.Float32), ConvertedModel.Bytes(split.Tensors[tensor.Key], TensorFormat.Float32)));
            Assert.Equal(whole.Tokenizer.EncodeToIds("the"), split.Tokenizer.EncodeToIds("the"));
        }

        File.Delete(_folder.File("split/m-00003-of-00003.gguf"));
        Assert.Contains(
            "m-00003-of-00003.gguf: found no such file",
            Assert.Throws<ModelFileException>(() => Checkpoint.Open(_folder.File("split/m-00001-of-00003.gguf"))).Message);
    }

    [Fact]
    public void Open_TruncatedAnywhere_IsRefused() => Seeded.Run(300, random =>
    {
        int length = random.Next(2) == 0 ? random.Next(1, 9000) : random.Next(1, _whole.Length);
        Assert.False(Refusal(_whole[..Math.Min(length, _whole.Length - 1)]).Contains('\n'));
    });

    public static TheoryData<string, string> Damages => new()
    {
        { "magic", "found a file of no known kind" },
        { "version", "version: found 9" },
        { "big-endian", "big-endian" },
        { "tensor count", "found 18446744073709551615 tensors" },
        { "value count", "found 18446744073709551615 metadata values" },
        { "key length", "bytes of text" },
        { "key twice", "general.architecture: found twice" },
        { "utf8", "not UTF-8" },
        { "value type", "found a value of type 99" },
        { "array count", "texts, expected no more than" },
        { "nested", "a list of lists" },
        { "tensor twice", "found twice" },
        { "dimension", "found a dimension of 0" },
        { "dimensions", "found 77 dimensions" },
        { "ggml type", "found ggml type 99" },
        { "offset", "expected a multiple of 32" },
        { "far offset", "found an end at byte" },
        { "overlap", "found an offset inside" },
        { "alignment", "general.alignment: found 7" },
    };

    [Theory]
    [MemberData(nameof(Damages))]
    public void Open_Hostile_IsRefusedByName(string damage, string message)
    {
        byte[] bytes = [.. _whole];
        int architecture = At("general.architecture");
        int tensor = At("blk.0.attn_norm.weight") + "blk.0.attn_norm.weight".Length;
        int matrix = At("blk.0.attn_q.weight") + "blk.0.attn_q.weight".Length;
        switch (damage)
        {
            case "magic":
                bytes[0] = (byte)'X';
                break;
            case "version":
                bytes[4] = 9;
                break;
            case "big-endian":
                (bytes[4], bytes[7]) = (0, 3);
                break;
            case "tensor count":
                bytes.AsSpan(8, 8).Fill(0xFF);
                break;
            case "value count":
                bytes.AsSpan(16, 8).Fill(0xFF);
                break;
            case "key length":
                bytes.AsSpan(24, 7).Fill(0x7F);
                break;
            case "key twice":
                bytes = Duplicate();
                break;
            case "utf8":
                bytes[architecture] = 0xFF;
                break;
            case "value type":
                bytes[architecture + "general.architecture".Length] = 99;
                break;
            case "array count":
                bytes[At("tokenizer.ggml.tokens") + "tokenizer.ggml.tokens".Length + 8 + 7] = 0x10;
                break;
            case "nested":
                bytes[At("tokenizer.ggml.tokens") + "tokenizer.ggml.tokens".Length + 4] = 9;
                break;
            case "tensor twice":
                Encoding.UTF8.GetBytes("blk.1").CopyTo(bytes, At("blk.0.attn_q.weight"));
                break;
            case "dimension":
                bytes.AsSpan(tensor + 4, 8).Clear();
                break;
            case "dimensions":
                bytes[tensor] = 77;
                break;
            case "ggml type":
                bytes[tensor + 4 + 8] = 99;
                break;
            case "offset":
                bytes[tensor + 4 + 8 + 4] += 3;
                break;
            case "far offset":
                bytes[tensor + 4 + 8 + 4 + 7] = 0x7F;
                break;
            case "overlap":
                bytes.AsSpan(matrix + 4 + 16 + 4, 8).Clear();
                break;
            default:
                bytes = WithAlignment();
                break;
        }

        string found = Refusal(bytes);
        Assert.Contains(message, found);
        Assert.DoesNotContain('\n', found);
    }

    private int At(string text) =>
        _whole.AsSpan().IndexOf(Encoding.UTF8.GetBytes(text)) is >= 0 and var at ? at : throw new InvalidOperationException(text);

    private byte[] Duplicate() =>
        Rewritten([new("general.architecture", "llama"), .. GgufData.MetadataOf(_folder.File("model.gguf"))]);

    private byte[] WithAlignment() =>
        Rewritten([.. GgufData.MetadataOf(_folder.File("model.gguf")), new("general.alignment", 7u)]);

    private static byte[] Rewritten(KeyValuePair<string, object>[] metadata)
    {
        using var bytes = new MemoryStream();
        using var writer = new GgufWriter(bytes);
        writer.WriteHeader(metadata, []);
        return bytes.ToArray();
    }

    private string Refusal(byte[] bytes) => Assert.Throws<ModelFileException>(() => OpenChanged(bytes).Dispose()).Message;

    private Checkpoint OpenChanged(byte[] bytes)
    {
        string path = _folder.File("changed.gguf");
        File.WriteAllBytes(path, bytes);
        return Checkpoint.Open(path);
    }
}
