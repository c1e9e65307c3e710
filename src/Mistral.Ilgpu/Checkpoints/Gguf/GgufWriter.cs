using System.Text;

namespace Mistral.Ilgpu.Checkpoints.Gguf;

/// <summary>Writes a GGUF file of version 3 in sequence: first the header, then the data of each tensor in order.</summary>
internal sealed class GgufWriter(Stream output) : IDisposable
{
    private const uint Version = 3;

    private readonly BinaryWriter _writer = new(output, Encoding.UTF8, leaveOpen: true);

    /// <param name="metadata">Values are <see cref="uint"/>, <see cref="float"/>, <see cref="bool"/>, <see cref="string"/>,
    /// or a list of int, float or string.</param>
    public void WriteHeader(IReadOnlyCollection<KeyValuePair<string, object>> metadata, IReadOnlyCollection<GgufTensor> tensors)
    {
        _writer.Write(GgufFile.Magic);
        _writer.Write(Version);
        _writer.Write((ulong)tensors.Count);
        _writer.Write((ulong)metadata.Count);
        foreach (var (key, value) in metadata)
        {
            Write(key);
            WriteValue(value);
        }

        ulong offset = 0;
        foreach (var tensor in tensors)
        {
            Write(tensor.Name);
            _writer.Write(tensor.Rows == 1 ? 1u : 2u);
            _writer.Write((ulong)tensor.Columns);
            if (tensor.Rows != 1)
            {
                _writer.Write((ulong)tensor.Rows);
            }

            _writer.Write(tensor.Format.Descriptor().GgufType!.Value);
            _writer.Write(offset);
            offset += (ulong)Align(tensor.Bytes);
        }

        Pad();
    }

    /// <summary>Pads with zeros to the offset of the next tensor's data.</summary>
    public void Pad()
    {
        _writer.Flush();
        output.Write(new byte[Align(output.Position) - output.Position]);
    }

    public void Dispose() => _writer.Dispose();

    private static long Align(long bytes) =>
        (bytes + GgufFile.DefaultAlignment - 1) / GgufFile.DefaultAlignment * GgufFile.DefaultAlignment;

    private void WriteValue(object value)
    {
        switch (value)
        {
            case uint number:
                _writer.Write((uint)GgufType.UInt32);
                _writer.Write(number);
                break;
            case float number:
                _writer.Write((uint)GgufType.Float32);
                _writer.Write(number);
                break;
            case bool flag:
                _writer.Write((uint)GgufType.Bool);
                _writer.Write(flag);
                break;
            case string text:
                _writer.Write((uint)GgufType.Text);
                Write(text);
                break;
            case IReadOnlyList<int> numbers:
                WriteList(GgufType.Int32, numbers, _writer.Write);
                break;
            case IReadOnlyList<float> numbers:
                WriteList(GgufType.Float32, numbers, _writer.Write);
                break;
            case IReadOnlyList<string> texts:
                WriteList(GgufType.Text, texts, Write);
                break;
            default:
                throw new ArgumentException($"metadata cannot hold a {value.GetType().Name}", nameof(value));
        }
    }

    private void WriteList<T>(GgufType type, IReadOnlyList<T> items, Action<T> write)
    {
        _writer.Write((uint)GgufType.Array);
        _writer.Write((uint)type);
        _writer.Write((ulong)items.Count);
        foreach (var item in items)
        {
            write(item);
        }
    }

    private void Write(string text)
    {
        var bytes = Encoding.UTF8.GetBytes(text);
        _writer.Write((ulong)bytes.Length);
        _writer.Write(bytes);
    }
}
