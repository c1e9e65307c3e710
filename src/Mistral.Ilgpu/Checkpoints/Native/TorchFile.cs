using System.IO.Compression;
using System.Numerics;
using Mistral.Ilgpu.Checkpoints.Files;

namespace Mistral.Ilgpu.Checkpoints.Native;

/// <summary>
/// A file written by torch.save: a zip whose entry <c>data.pkl</c> is a pickle of tensors by name. The other entries, which are
/// not compressed, are the tensors' bytes. The pickle is interpreted, never executed (see <see cref="TorchPickle"/>).
/// </summary>
internal static class TorchFile
{
    // A pickle of 300 tensors has 60 KB. Each of its bytes may take 80 bytes of memory, and a compressed pickle hides its size.
    private const int MostPickleBytes = 4 << 20;

    /// <exception cref="ModelFileException">The file is damaged, or contains anything but tensors.</exception>
    public static IReadOnlyList<StoredTensor> ReadHeader(ByteSource source)
    {
        try
        {
            using var stream = new ByteSourceStream(source);
            using var archive = new ZipArchive(stream, ZipArchiveMode.Read);
            return Read(source, stream, archive);
        }
        catch (Exception exception)
            when (exception is InvalidDataException or IOException or ArgumentException or OverflowException
                or NotSupportedException)
        {
            throw new ModelFileException(
                source.Name, $"not a file that torch.save wrote: {exception.Message.ReplaceLineEndings(" ")}");
        }
    }

    private static List<StoredTensor> Read(ByteSource source, ByteSourceStream stream, ZipArchive archive)
    {
        var entries = new Dictionary<string, ZipArchiveEntry>(StringComparer.Ordinal);
        foreach (var entry in archive.Entries)
        {
            if (!entries.TryAdd(entry.FullName, entry))
            {
                throw new ModelFileException(source.Name, $"{entry.FullName}: found twice, expected once");
            }
        }

        const string Pickle = "/data.pkl";
        var pickle = entries.Values
            .Where(entry => entry.FullName.EndsWith(Pickle, StringComparison.Ordinal)).ToList() is [var only]
            ? only
            : throw new ModelFileException(source.Name, "found no data.pkl, expected one as torch.save writes it");
        string folder = pickle.FullName[..^Pickle.Length];
        if (entries.TryGetValue($"{folder}/byteorder", out var order) && ReadText(source, order, 16) != "little")
        {
            throw new ModelFileException(source.Name, "byteorder: found a big-endian file, expected a little-endian one");
        }

        var starts = new Dictionary<string, long>(StringComparer.Ordinal);
        var tensors = new List<StoredTensor>();
        foreach (var (name, tensor) in TorchPickle.Read(ReadAll(source, pickle, MostPickleBytes), $"{source.Name}: data.pkl"))
        {
            string data = $"{folder}/data/{tensor.Storage.Key}";
            if (!entries.TryGetValue(data, out var entry))
            {
                throw new ModelFileException(source.Name, $"{name}: found no {data}, expected the tensor's bytes there");
            }

            if (!starts.TryGetValue(data, out long start))
            {
                starts[data] = start = StartOf(source, stream, entry);
            }

            tensors.Add(Place(source, name, tensor, start, entry.Length));
        }

        return tensors;
    }

    private static StoredTensor Place(ByteSource source, string name, TorchTensor tensor, long start, long length)
    {
        int size = tensor.Storage.Type == "F32" ? sizeof(float) : sizeof(ushort);
        // The product of eight dimensions may exceed 128 bits.
        BigInteger stride = 1;
        for (int i = tensor.Shape.Length - 1; i >= 0; i--)
        {
            if (tensor.Shape[i] is < 1 or > int.MaxValue)
            {
                throw Error($"a dimension of {tensor.Shape[i]}", $"1 to {int.MaxValue}");
            }

            // The stride of a dimension of one element is never used.
            if (tensor.Shape[i] > 1 && tensor.Strides[i] != stride)
            {
                throw Error(
                    $"strides [{string.Join(", ", tensor.Strides)}] of shape [{string.Join(", ", tensor.Shape)}]",
                    "rows one after the other");
            }

            stride *= tensor.Shape[i];
        }

        var end = (tensor.Offset + stride) * size;
        return tensor.Offset >= 0 && end <= length && start + end <= source.Length
            ? new StoredTensor(
                name, tensor.Storage.Type, tensor.Shape, source, start + ((long)tensor.Offset * size), (long)stride * size)
            : throw Error(
                $"elements {tensor.Offset} to {tensor.Offset + stride} of {size} bytes", $"them inside its {length} bytes");

        ModelFileException Error(string found, string expected) =>
            new(source.Name, $"{name}: found {found}, expected {expected}");
    }

    /// <summary>
    /// The offset of an entry's bytes in the file. Opening the entry and reading one byte leaves the stream one byte behind it.
    /// </summary>
    private static long StartOf(ByteSource source, ByteSourceStream stream, ZipArchiveEntry entry)
    {
        if (entry.CompressedLength != entry.Length)
        {
            throw new ModelFileException(source.Name, $"{entry.FullName}: found compressed data, expected it as it is");
        }

        using var data = entry.Open();
        return data.ReadByte() >= 0
            ? stream.Position - 1
            : throw new ModelFileException(source.Name, $"{entry.FullName}: found no bytes, expected a tensor's");
    }

    private static string ReadText(ByteSource source, ZipArchiveEntry entry, int most) =>
        System.Text.Encoding.ASCII.GetString(ReadAll(source, entry, most)).Trim();

    // The length that an entry states may be false, so the bytes that are read are counted.
    private static byte[] ReadAll(ByteSource source, ZipArchiveEntry entry, int most)
    {
        using var stream = entry.Open();
        using var bytes = new MemoryStream();
        var buffer = new byte[65536];
        while (stream.Read(buffer) is var count and > 0)
        {
            if (bytes.Length + count > most)
            {
                throw new ModelFileException(source.Name, $"{entry.FullName}: found more than {most} bytes, expected less");
            }

            bytes.Write(buffer.AsSpan(0, count));
        }

        return bytes.ToArray();
    }
}
