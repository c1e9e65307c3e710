using System.Buffers.Binary;
using System.Text;
using System.Text.Unicode;
using Mistral.Ilgpu.Checkpoints.Files;

namespace Mistral.Ilgpu.Checkpoints.Gguf;

/// <summary>Reads the header of a GGUF file in sequence, and never past the file's end.</summary>
internal sealed class GgufReader(ByteSource source)
{
    private const int WindowBytes = 1 << 20;

    private byte[] _window = [];
    private long _windowStart;

    public long Position { get; private set; }

    public long Remaining => source.Length - Position;

    /// <summary>The field that is being read, for messages.</summary>
    public string Field { get; set; } = "header";

    public byte Byte() => Take(1)[0];

    public uint UInt32() => BinaryPrimitives.ReadUInt32LittleEndian(Take(sizeof(uint)));

    public ulong UInt64() => BinaryPrimitives.ReadUInt64LittleEndian(Take(sizeof(ulong)));

    /// <summary>Reads a count of items that take at least <paramref name="leastBytes"/> each.</summary>
    public int Count(int leastBytes, string what)
    {
        ulong count = UInt64();
        return count <= (ulong)(Remaining / leastBytes) && count <= int.MaxValue
            ? (int)count
            : throw Error($"found {count} {what}, expected no more than the {Remaining} bytes left can hold");
    }

    public string Text()
    {
        int length = Count(1, "bytes of text");
        if (length > WindowBytes)
        {
            throw Error($"found {length} bytes of text, expected at most {WindowBytes}");
        }

        var bytes = Take(length);
        return Utf8.IsValid(bytes) ? Encoding.UTF8.GetString(bytes) : throw Error("found text that is not UTF-8");
    }

    public byte[] Bytes(int length)
    {
        Require(length);
        var bytes = length == 0 ? [] : source.ReadAll(Position, length);
        Position += length;
        return bytes;
    }

    public ModelFileException Error(string message) => new(source.Name, $"{Field}: {message}");

    private ReadOnlySpan<byte> Take(int length)
    {
        Require(length);
        if (Position < _windowStart || Position + length > _windowStart + _window.Length)
        {
            _windowStart = Position;
            _window = length == 0 ? [] : source.ReadAll(Position, (int)Math.Min(Math.Max(WindowBytes, length), Remaining));
        }

        var bytes = _window.AsSpan((int)(Position - _windowStart), length);
        Position += length;
        return bytes;
    }

    private void Require(long length)
    {
        if (length > Remaining)
        {
            throw Error($"found the end of the file {Remaining} bytes on, expected {length} more; it is truncated or damaged");
        }
    }
}
