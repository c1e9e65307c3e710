using System.Buffers.Binary;

namespace Mistral.Ilgpu.Fuzzing.Mutations;

/// <summary>Where a valid GGUF file keeps counts, lengths, types, sizes and offsets.</summary>
internal sealed class GgufFields
{
    private const uint Text = 8;
    private const uint List = 9;

    private static readonly int[] Widths = [1, 1, 2, 2, 4, 4, 4, 1, 0, 0, 8, 8, 8];

    private readonly byte[] _file;
    private readonly List<(int At, int Width)> _fields = [];
    private int _at;

    private GgufFields(byte[] file) => _file = file;

    /// <summary>Changes the file where its structure is.</summary>
    public static BinaryMutator Mutator(byte[] file)
    {
        var walk = new GgufFields(file);
        walk.Walk();
        return new BinaryMutator(file, walk._at, walk._fields);
    }

    private void Walk()
    {
        Next(4);
        Next(4);
        int tensors = (int)Next(8);
        int values = (int)Next(8);
        for (; values > 0; values--)
        {
            Skip((int)Next(8));
            Value((uint)Next(4));
        }

        for (; tensors > 0; tensors--)
        {
            Skip((int)Next(8));
            for (int dimensions = (int)Next(4); dimensions > 0; dimensions--)
            {
                Next(8);
            }

            Next(4);
            Next(8);
        }
    }

    private void Value(uint type)
    {
        if (type == Text)
        {
            Skip((int)Next(8));
        }
        else if (type != List)
        {
            Next(Widths[type]);
        }
        else
        {
            // Of a long list the first items stand for all.
            uint of = (uint)Next(4);
            int count = (int)Next(8);
            for (int i = 0; i < count; i++)
            {
                int known = _fields.Count;
                Value(of);
                if (i >= 4)
                {
                    _fields.RemoveRange(known, _fields.Count - known);
                }
            }
        }
    }

    private ulong Next(int width)
    {
        _fields.Add((_at, width));
        Span<byte> value = stackalloc byte[sizeof(ulong)];
        _file.AsSpan(_at, width).CopyTo(value);
        _at += width;
        return BinaryPrimitives.ReadUInt64LittleEndian(value);
    }

    private void Skip(int count) => _at += count;
}
