using System.Buffers.Binary;
using System.Text.Json;
using System.Text.Json.Nodes;
using Mistral.Ilgpu.Checkpoints.Files;

namespace Mistral.Ilgpu.Checkpoints.HuggingFace;

/// <summary>
/// Reads and writes the header of a safetensors file. The file starts with the header's length in eight bytes.
/// Then JSON gives each tensor's type, shape and byte range, and the bytes follow without gaps or overlaps.
/// </summary>
internal static class SafetensorsFile
{
    private const int LengthBytes = 8;
    private const int MaxHeaderBytes = 100_000_000;

    /// <exception cref="ModelFileException">The header does not describe this file.</exception>
    public static IReadOnlyList<StoredTensor> ReadHeader(ByteSource source)
    {
        if (source.Length < LengthBytes)
        {
            throw new ModelFileException(source.Name, $"found {source.Length} bytes, expected a safetensors header");
        }

        ulong headerLength = BinaryPrimitives.ReadUInt64LittleEndian(source.ReadAll(0, LengthBytes));
        if (headerLength is 0 or > MaxHeaderBytes || headerLength > (ulong)(source.Length - LengthBytes))
        {
            throw new ModelFileException(
                source.Name,
                $"header length: found {headerLength}, expected 1 to {Math.Min(MaxHeaderBytes, source.Length - LengthBytes)} in "
                + $"a file of {source.Length} bytes");
        }

        var header = JsonFields.Parse(source.ReadAll(LengthBytes, (int)headerLength), source.Name);
        long dataStart = LengthBytes + (long)headerLength;
        var tensors = header.All.Where(field => field.Key != "__metadata__")
            .Select(field => ReadTensor(header, field.Key, field.Value, source, dataStart))
            .OrderBy(tensor => tensor.Offset).ToList();
        CheckLayout(source, dataStart, tensors);
        return tensors;
    }

    /// <summary>Writes a header, padded so that the data is aligned to eight bytes.</summary>
    public static void WriteHeader(Stream output, JsonObject header)
    {
        byte[] json = JsonSerializer.SerializeToUtf8Bytes(header);
        int length = (json.Length + LengthBytes - 1) / LengthBytes * LengthBytes;
        Span<byte> lengthBytes = stackalloc byte[LengthBytes];
        BinaryPrimitives.WriteUInt64LittleEndian(lengthBytes, (ulong)length);
        output.Write(lengthBytes);
        output.Write(json);
        output.Write(Enumerable.Repeat((byte)' ', length - json.Length).ToArray());
    }

    private static StoredTensor ReadTensor(JsonFields header, string name, JsonElement value, ByteSource source, long dataStart)
    {
        if (value.ValueKind != JsonValueKind.Object)
        {
            throw header.Error(name, value, "an object with dtype, shape and data_offsets");
        }

        var fields = header.Object(name)!;
        string type = fields.Text("dtype") ?? throw header.Error(name, "no dtype", "a dtype");
        long[] shape = Longs(fields, "shape");
        long[] offsets = Longs(fields, "data_offsets");
        if (offsets.Length != 2 || offsets[0] > offsets[1])
        {
            throw header.Error($"{name}.data_offsets", $"[{string.Join(", ", offsets)}]", "a start and an end after it");
        }

        if (offsets[1] > source.Length - dataStart)
        {
            throw header.Error(
                $"{name}.data_offsets", $"an end of {offsets[1]}",
                $"at most {source.Length - dataStart}; the file is truncated or damaged");
        }

        return new StoredTensor(name, type, shape, source, dataStart + offsets[0], offsets[1] - offsets[0]);
    }

    private static long[] Longs(JsonFields fields, string name)
    {
        var value = fields.Find(name);
        if (value is not { ValueKind: JsonValueKind.Array })
        {
            throw fields.Error(name, value is null ? "nothing" : value.Value.GetRawText(), "a list of whole numbers");
        }

        return
        [
            .. value.Value.EnumerateArray().Select(element =>
                element.ValueKind == JsonValueKind.Number && element.TryGetInt64(out long number) && number >= 0
                    ? number
                    : throw fields.Error(name, element, "a whole number from 0")),
        ];
    }

    private static void CheckLayout(ByteSource source, long dataStart, List<StoredTensor> tensors)
    {
        long end = dataStart;
        foreach (var tensor in tensors)
        {
            if (tensor.Offset != end)
            {
                throw new ModelFileException(
                    source.Name,
                    $"{tensor.Name}.data_offsets: found a start of {tensor.Offset - dataStart}, expected {end - dataStart}; "
                    + "tensors overlap or leave a gap");
            }

            end += tensor.Length;
        }

        if (end != source.Length)
        {
            throw new ModelFileException(source.Name, $"found {source.Length} bytes, expected {end} from its header");
        }
    }
}
