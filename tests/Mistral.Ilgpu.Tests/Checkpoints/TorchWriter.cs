using System.IO.Compression;
using System.Text;

namespace Mistral.Ilgpu.Tests.Checkpoints;

/// <summary>Writes files as torch.save does: protocol 2, an entry for each storage, nothing compressed.</summary>
internal sealed class TorchWriter
{
    private readonly List<byte> _pickle = [];

    public byte[] Pickle => [.. _pickle];

    public CompressionLevel Compression { get; set; } = CompressionLevel.NoCompression;

    public void Write(string path, IReadOnlyDictionary<string, (string Type, long[] Shape, byte[] Bytes)> tensors)
    {
        Dictionary(tensors);
        Save(path, tensors.Values.Select(tensor => tensor.Bytes).ToList());
    }

    public void Save(string path, IReadOnlyList<byte[]> storages)
    {
        using var archive = ZipFile.Open(path, ZipArchiveMode.Create);
        Entry("consolidated/data.pkl", Pickle);
        Entry("consolidated/byteorder", "little"u8.ToArray());
        for (int i = 0; i < storages.Count; i++)
        {
            Entry($"consolidated/data/{i}", storages[i]);
        }

        Entry("consolidated/version", "3\n"u8.ToArray());

        void Entry(string name, byte[] bytes)
        {
            using var stream = archive.CreateEntry(name, Compression).Open();
            stream.Write(bytes);
        }
    }

    public TorchWriter Dictionary(IReadOnlyDictionary<string, (string Type, long[] Shape, byte[] Bytes)> tensors)
    {
        Bytes(0x80, 2).Op('}').Op('q').Bytes(0).Op('(');
        int index = 0;
        foreach (var (name, tensor) in tensors)
        {
            Text(name);
            Tensor(tensor.Type, index++, 0, tensor.Shape, Strides(tensor.Shape));
        }

        return Op('u').Op('.');
    }

    public TorchWriter Tensor(string type, int key, long offset, long[] shape, long[] strides)
    {
        Global("torch._utils", "_rebuild_tensor_v2").Op('(').Op('(').Text("storage");
        Global("torch", type switch { "F32" => "FloatStorage", "F16" => "HalfStorage", _ => "BFloat16Storage" });
        Text(key.ToString(System.Globalization.CultureInfo.InvariantCulture)).Text("cpu")
            .Number(shape.Aggregate(1L, (a, b) => a * b)).Op('t').Op('Q');
        Number(offset).Tuple(shape).Tuple(strides).Bytes(0x89);
        return Global("collections", "OrderedDict").Op(')').Op('R').Op('t').Op('R');
    }

    public TorchWriter Global(string module, string name) => Op('c').Raw($"{module}\n{name}\n");

    public TorchWriter Text(string text)
    {
        byte[] bytes = Encoding.UTF8.GetBytes(text);
        return Op('X').Bytes(BitConverter.GetBytes(bytes.Length)).Bytes(bytes);
    }

    public TorchWriter Number(long value) => value switch
    {
        >= 0 and < 256 => Op('K').Bytes((byte)value),
        >= 0 and < 65536 => Op('M').Bytes(BitConverter.GetBytes((ushort)value)),
        >= int.MinValue and <= int.MaxValue => Op('J').Bytes(BitConverter.GetBytes((int)value)),
        _ => Bytes(0x8A, 8).Bytes(BitConverter.GetBytes(value)),
    };

    public TorchWriter Op(char opcode) => Bytes((byte)opcode);

    public TorchWriter Bytes(params byte[] bytes)
    {
        _pickle.AddRange(bytes);
        return this;
    }

    private TorchWriter Tuple(long[] values)
    {
        foreach (long value in values)
        {
            Number(value);
        }

        return Bytes((byte)(0x84 + values.Length));
    }

    private TorchWriter Raw(string text) => Bytes(Encoding.ASCII.GetBytes(text));

    private static long[] Strides(long[] shape) => [.. shape.Select((_, i) => shape.Skip(i + 1).Aggregate(1L, (a, b) => a * b))];
}
