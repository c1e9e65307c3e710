using System.Text.Json;
using Mistral.Ilgpu.Checkpoints;
using Mistral.Ilgpu.Checkpoints.Native;
using Mistral.Ilgpu.Reference;
using Mistral.Ilgpu.Tests.Tokenization;
using Xunit;

namespace Mistral.Ilgpu.Tests.Checkpoints;

/// <summary>Mistral's own layout must give the very weights that Hugging Face's gives.</summary>
public sealed class MistralFolderTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Theory]
    [InlineData("safetensors", "F32")]
    [InlineData("safetensors", "BF16")]
    [InlineData("pth", "F16")]
    [InlineData("pth", "BF16")]
    [InlineData("pth", "F32")]
    public void Open_TheSameWeights_AreTheSame(string extension, string type)
    {
        using var expected = Write(extension, type);
        using var found = Checkpoint.Open(_folder.File("own"));
        Assert.Equal("Mistral", found.Layout);
        Assert.Equal(expected.Config with { EosIds = [], MaxPositions = 0 }, found.Config with { EosIds = [], MaxPositions = 0 });
        Assert.Equal(expected.Tensors.Keys.Order(), found.Tensors.Keys.Order());
        foreach (var (name, tensor) in expected.Tensors)
        {
            Assert.Equal(Rows(tensor), Rows(found.Tensors[name]));
        }

        using var byFile = Checkpoint.Open(_folder.File($"own/consolidated.00.{extension}"));
        Assert.Equal(found.TotalBytes, byFile.TotalBytes);
    }

    [Fact]
    public void Open_StorageShared_EachTensorHasItsPart()
    {
        using var expected = Write("pth", "F32");
        var tensors = OwnTensors(expected);
        // All tensors in one storage, as after a state dictionary of views.
        var all = tensors.Values.SelectMany(tensor => tensor.Bytes).ToArray();
        var pickle = new TorchWriter().Bytes(0x80, 2).Op('}').Op('(');
        long offset = 0;
        foreach (var (name, tensor) in tensors)
        {
            long[] shape = tensor.Shape;
            pickle.Text(name).Tensor("F32", 0, offset, shape, shape.Length == 1 ? [1] : [shape[1], 1]);
            offset += tensor.Bytes.Length / 4;
        }

        File.Delete(_folder.File("own/consolidated.00.pth"));
        pickle.Op('u').Op('.').Save(_folder.File("own/consolidated.00.pth"), [all]);
        using var found = Checkpoint.Open(_folder.File("own"));
        Assert.All(expected.Tensors, tensor => Assert.Equal(Rows(tensor.Value), Rows(found.Tensors[tensor.Key])));
    }

    public static TheoryData<string, string> Hostile => new()
    {
        { "system", "the name os.system" },
        { "reduce", "a call of Dictionary" },
        { "opcode", "opcode 0x69" },
        { "stride", "strides [1, 8]" },
        { "offset", "found elements" },
        { "negative", "found elements" },
        { "huge", "found elements" },
        { "storage", "found no consolidated/data/7" },
        { "twice", "found a twice" },
        { "utf8", "not UTF-8" },
        { "memo", "a reference to value 9" },
        { "empty", "its end" },
        { "stack", "no value" },
        { "number", "a dictionary of tensors" },
        { "mark", "no mark" },
    };

    // Each of a million items hashed a text of 60,000 bytes that the pickle has but once.
    [Fact]
    public void Read_LongTextReferredToOften_IsRefused()
    {
        var pickle = new TorchWriter().Bytes(0x80, 2).Text(new string('a', 60_000)).Op('q').Bytes(0);
        for (int i = 0; i < 300_000; i++)
        {
            pickle.Op('}').Op('h').Bytes(0).Op('N').Op('s');
        }

        Assert.Contains(
            "found a text of 60000 bytes", Assert.Throws<ModelFileException>(() => TorchPickle.Read(pickle.Op('.').Pickle, "x")).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Read_AnyNumberAtItsLimits_IsReadOrRefused()
    {
        long[] limits = [0, 1, sbyte.MaxValue, byte.MaxValue, short.MaxValue, ushort.MaxValue, int.MaxValue, uint.MaxValue, int.MinValue, long.MaxValue, long.MinValue];
        byte[] whole = new TorchWriter().Dictionary(new Dictionary<string, (string, long[], byte[])>
        {
            ["a"] = ("F32", [8, 8], new byte[256]),
            ["b"] = ("BF16", [2, 300, 70000], []),
        }).Pickle;
        for (int at = 0; at < whole.Length; at++)
        {
            foreach (int width in new[] { 1, 2, 4, 8 }.Where(width => at + width <= whole.Length))
            {
                foreach (long limit in limits)
                {
                    byte[] changed = [.. whole];
                    BitConverter.GetBytes(limit).AsSpan(0, width).CopyTo(changed.AsSpan(at));
                    try
                    {
                        TorchPickle.Read(changed, "x");
                    }
                    catch (ModelFileException exception)
                    {
                        Assert.InRange(exception.Message.Length, 1, 2000);
                    }
                }
            }
        }
    }

    [Theory]
    [MemberData(nameof(Hostile))]
    public void Open_HostilePickle_IsRefusedByName(string kind, string message)
    {
        Write("pth", "F32").Dispose();
        var pickle = new TorchWriter();
        pickle = kind switch
        {
            "system" => pickle.Bytes(0x80, 2).Global("os", "system").Text("true").Bytes(0x85).Op('R').Op('.'),
            "reduce" => pickle.Bytes(0x80, 2).Global("collections", "OrderedDict").Text("x").Bytes(0x85).Op('R').Op('.'),
            "opcode" => pickle.Bytes(0x80, 2).Op('i').Text("x"),
            "stride" => One([8, 8], [1, 8], 0),
            "offset" => One([8, 8], [8, 1], 1_000_000),
            "negative" => One([8, 8], [8, 1], -1),
            "huge" => One([int.MaxValue, int.MaxValue, int.MaxValue], [(long)int.MaxValue * int.MaxValue, int.MaxValue, 1], long.MaxValue),
            "storage" => pickle.Bytes(0x80, 2).Op('}').Text("a").Tensor("F32", 7, 0, [8], [1]).Op('s').Op('.'),
            "twice" => pickle.Bytes(0x80, 2).Op('}').Text("a").Tensor("F32", 0, 0, [8], [1]).Op('s').Text("a").Tensor("F32", 0, 0, [8], [1]).Op('s').Op('.'),
            "utf8" => pickle.Bytes(0x80, 2).Op('X').Bytes(1, 0, 0, 0, 0xFF).Op('.'),
            "memo" => pickle.Op('h').Bytes(9),
            "empty" => pickle,
            "stack" => pickle.Op('R'),
            "number" => pickle.Number(5).Op('.'),
            _ => pickle.Op('t'),
        };
        File.Delete(_folder.File("own/consolidated.00.pth"));
        pickle.Save(_folder.File("own/consolidated.00.pth"), [new byte[8 * 8 * 4]]);
        Refused(message);

        TorchWriter One(long[] shape, long[] strides, long offset) =>
            pickle.Bytes(0x80, 2).Op('}').Text("a").Tensor("F32", 0, offset, shape, strides).Op('s').Op('.');
    }

    [Fact]
    public void Open_CompressedStorage_IsRefused()
    {
        using var expected = Write("pth", "F32");
        File.Delete(_folder.File("own/consolidated.00.pth"));
        new TorchWriter { Compression = System.IO.Compression.CompressionLevel.Optimal }.Write(_folder.File("own/consolidated.00.pth"), OwnTensors(expected));
        Refused("found compressed data");
    }

    [Fact]
    public void Open_TruncatedOrChanged_IsReadOrRefused()
    {
        Write("pth", "F32").Dispose();
        string path = _folder.File("own/consolidated.00.pth");
        byte[] whole = File.ReadAllBytes(path);
        var clock = System.Diagnostics.Stopwatch.StartNew();
        Seeded.Run(2000, random =>
        {
            if (clock.Elapsed > TimeSpan.FromSeconds(6))
            {
                return;
            }

            byte[] changed = random.Next(3) == 0 ? whole[..random.Next(1, whole.Length)] : [.. whole];
            for (int changes = random.Next(1, 8); changes > 0; changes--)
            {
                // The pickle lies at the start, the directory at the end.
                int at = random.Next(2) == 0 ? random.Next(Math.Min(3000, changed.Length)) : changed.Length - 1 - random.Next(Math.Min(3000, changed.Length));
                changed[at] = (byte)random.Next(256);
            }

            File.WriteAllBytes(path, changed);
            try
            {
                Checkpoint.Open(_folder.File("own")).Dispose();
            }
            catch (ModelFileException exception)
            {
                Assert.DoesNotContain('\n', exception.Message);
            }
        });
    }

    private void Refused(string message)
    {
        string found = Assert.Throws<ModelFileException>(() => Checkpoint.Open(_folder.File("own")).Dispose()).Message;
        Assert.Contains(message, found);
        Assert.Contains("consolidated.00.pth", found);
        Assert.DoesNotContain('\n', found);
    }

    /// <summary>A random model in both layouts; returns Hugging Face's.</summary>
    private Checkpoint Write(string extension, string type)
    {
        new RandomCheckpoint(3) { Type = type }.Write(_folder.File("hf"));
        var checkpoint = Checkpoint.Open(_folder.File("hf"));
        Directory.CreateDirectory(_folder.File("own"));
        var config = checkpoint.Config;
        File.WriteAllText(_folder.File("own/params.json"), JsonSerializer.Serialize(new Dictionary<string, object?>
        {
            ["dim"] = config.Dim,
            ["n_layers"] = config.LayerCount,
            ["head_dim"] = config.HeadDim,
            ["hidden_dim"] = config.FeedForwardDim,
            ["n_heads"] = config.HeadCount,
            ["n_kv_heads"] = config.KvHeadCount,
            ["norm_eps"] = 1e-5,
            ["vocab_size"] = config.VocabularySize,
            ["sliding_window"] = config.SlidingWindow,
        }));
        var tensors = OwnTensors(checkpoint);
        string path = _folder.File($"own/consolidated.00.{extension}");
        if (extension == "pth")
        {
            new TorchWriter().Write(path, tensors);
        }
        else
        {
            RandomCheckpoint.WriteSafetensors(path, tensors);
        }

        return checkpoint;
    }

    private static Dictionary<string, (string Type, long[] Shape, byte[] Bytes)> OwnTensors(Checkpoint checkpoint) =>
        TensorNames.Mistral(checkpoint.Config).ToDictionary(
            expected => expected.SourceName,
            expected => (checkpoint.Tensors[expected.Name].Format.StoredName(), expected.Rows == 1 ? new long[] { expected.Columns } : [expected.Rows, expected.Columns], Rows(checkpoint.Tensors[expected.Name])));

    private static byte[] Rows(CheckpointTensor tensor)
    {
        var bytes = new byte[tensor.Bytes];
        tensor.CopyRows(0, tensor.Rows, tensor.Format, bytes);
        return bytes;
    }
}
