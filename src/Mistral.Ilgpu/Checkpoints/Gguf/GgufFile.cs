using System.Runtime.InteropServices;
using Mistral.Ilgpu.Checkpoints.Files;

namespace Mistral.Ilgpu.Checkpoints.Gguf;

/// <summary>
/// The header of a GGUF file (versions 2 and 3): metadata and a list of tensors. Each tensor has a name, sizes (fastest first),
/// a type and an offset into the aligned data that follows.
/// </summary>
internal sealed record GgufFile(GgufMetadata Metadata, IReadOnlyList<StoredTensor> Tensors)
{
    public const uint Magic = 0x46554747; // "GGUF"
    public const int DefaultAlignment = 32;

    private const int MostDimensions = 4;

    /// <summary>The supported formats by ggml's numbers.</summary>
    public static IReadOnlyDictionary<uint, TensorFormat> Types { get; } = FormatDescriptors.Formats
        .Where(format => format.Descriptor().GgufType is not null).ToDictionary(format => format.Descriptor().GgufType!.Value);

    public static bool IsGguf(ReadOnlySpan<byte> start) => start.StartsWith("GGUF"u8);

    /// <exception cref="ModelFileException">The header does not describe this file.</exception>
    public static GgufFile Read(ByteSource source)
    {
        var reader = new GgufReader(source) { Field = "header" };
        if (reader.UInt32() is var magic && magic != Magic)
        {
            throw new ModelFileException(source.Name, $"found a file that starts with 0x{magic:X8}, expected GGUF");
        }

        uint version = reader.UInt32();
        if (version is not (2 or 3))
        {
            throw new ModelFileException(
                source.Name,
                (version & 0xFFFF) == 0
                    ? "version: found a big-endian file, expected a little-endian one"
                    : $"version: found {version}, expected 2 or 3");
        }

        // A tensor takes at least a name's length, a count, a type and an offset; a value its key's length, type and a byte.
        int tensorCount = reader.Count(8 + 4 + 4 + 8, "tensors");
        int valueCount = reader.Count(8 + 4 + 1, "metadata values");
        var metadata = new GgufMetadata(source.Name, ReadValues(reader, valueCount));
        int alignment = metadata.Count("general.alignment") ?? DefaultAlignment;
        if (alignment % 8 != 0 || alignment > 1 << 20)
        {
            throw metadata.Error("general.alignment", (double)alignment, "a multiple of 8 up to a million");
        }

        var infos = Enumerable.Range(0, tensorCount).Select(_ => ReadTensor(reader)).ToList();
        long dataStart = (reader.Position + alignment - 1) / alignment * alignment;
        return new GgufFile(metadata, Place(source, dataStart, alignment, infos));
    }

    private static Dictionary<string, object> ReadValues(GgufReader reader, int count)
    {
        var values = new Dictionary<string, object>(StringComparer.Ordinal);
        for (int i = 0; i < count; i++)
        {
            reader.Field = $"metadata {i}";
            string key = reader.Text();
            reader.Field = key;
            if (!values.TryAdd(key, ReadValue(reader, ReadType(reader))))
            {
                throw reader.Error("found twice, expected once");
            }
        }

        return values;
    }

    private static GgufType ReadType(GgufReader reader)
    {
        uint type = reader.UInt32();
        return type <= (uint)GgufType.Float64
            ? (GgufType)type
            : throw reader.Error($"found a value of type {type}, expected 0 to 12");
    }

    private static object ReadValue(GgufReader reader, GgufType type) => type switch
    {
        GgufType.Text => reader.Text(),
        GgufType.Array => ReadArray(reader),
        GgufType.Bool => reader.Byte() switch
        {
            0 => false,
            1 => true,
            var value => throw reader.Error($"found a flag of {value}, expected 0 or 1"),
        },
        _ => GgufMetadata.Number(type, reader.Bytes(GgufMetadata.SizeOf(type))),
    };

    private static object ReadArray(GgufReader reader)
    {
        var type = ReadType(reader);
        if (type == GgufType.Array)
        {
            throw reader.Error("found a list of lists, expected a list of numbers or texts");
        }

        if (type != GgufType.Text)
        {
            int size = GgufMetadata.SizeOf(type);
            int count = reader.Count(size, "numbers");
            return (long)count * size <= Array.MaxLength
                ? new GgufNumbers(type, reader.Bytes(count * size))
                : throw reader.Error($"found {count} numbers, expected at most {Array.MaxLength / size}");
        }

        var texts = new string[reader.Count(sizeof(ulong), "texts")];
        for (int i = 0; i < texts.Length; i++)
        {
            texts[i] = reader.Text();
        }

        return texts;
    }

    private static TensorInfo ReadTensor(GgufReader reader)
    {
        reader.Field = "tensor name";
        string name = reader.Text();
        reader.Field = name;
        uint dimensions = reader.UInt32();
        if (dimensions is 0 or > MostDimensions)
        {
            throw reader.Error($"found {dimensions} dimensions, expected 1 to {MostDimensions}");
        }

        var shape = new long[dimensions];
        for (int i = shape.Length - 1; i >= 0; i--)
        {
            ulong size = reader.UInt64();
            shape[i] = size is >= 1 and <= int.MaxValue
                ? (long)size
                : throw reader.Error($"found a dimension of {size}, expected 1 to {int.MaxValue}");
        }

        uint type = reader.UInt32();
        ulong offset = reader.UInt64();
        return Types.TryGetValue(type, out var format)
            ? new TensorInfo(name, format, shape, offset)
            : throw reader.Error(
                $"found ggml type {type}, expected one of {string.Join(", ", Types.Values.Select(known => known.ShortName()))}");
    }

    private static List<StoredTensor> Place(ByteSource source, long dataStart, int alignment, List<TensorInfo> infos)
    {
        var names = new HashSet<string>(StringComparer.Ordinal);
        var tensors = new List<StoredTensor>(infos.Count);
        foreach (var info in infos)
        {
            if (!names.Add(info.Name))
            {
                throw Error(info, "found twice, expected once");
            }

            if (info.Shape[^1] % info.Format.BlockLength() != 0)
            {
                throw Error(
                    info,
                    $"found rows of {info.Shape[^1]}, "
                    + $"expected a multiple of {info.Format.BlockLength()} for {info.Format.ShortName()}");
            }

            // The product of sizes of up to 2^31 each may exceed 64 bits.
            var elements = info.Shape.Aggregate(Int128.One, (product, size) => product * size);
            var end = dataStart + (Int128)info.Offset + (elements / info.Format.BlockLength() * info.Format.BlockBytes());
            if (info.Offset % (ulong)alignment != 0)
            {
                throw Error(info, $"found offset {info.Offset}, expected a multiple of {alignment}");
            }

            if (end > source.Length)
            {
                throw Error(
                    info,
                    $"found an end at byte {end} of the file, expected at most {source.Length}; "
                    + "the file is truncated or damaged");
            }

            long length = info.Format.BytesOf((long)elements);
            tensors.Add(
                new StoredTensor(info.Name, info.Format.StoredName(), info.Shape, source, dataStart + (long)info.Offset, length));
        }

        var byOffset = tensors.OrderBy(tensor => tensor.Offset).ToList();
        for (int i = 1; i < byOffset.Count; i++)
        {
            if (byOffset[i].Offset < byOffset[i - 1].Offset + byOffset[i - 1].Length)
            {
                throw new ModelFileException(
                    source.Name, $"{byOffset[i].Name}: found an offset inside {byOffset[i - 1].Name}, expected one after it");
            }
        }

        return tensors;

        ModelFileException Error(TensorInfo info, string message) => new(source.Name, $"{info.Name}: {message}");
    }

    [StructLayout(LayoutKind.Auto)]
    private readonly record struct TensorInfo(string Name, TensorFormat Format, long[] Shape, ulong Offset);
}
