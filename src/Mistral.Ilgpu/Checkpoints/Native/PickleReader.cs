using System.Text;
using System.Text.Unicode;

namespace Mistral.Ilgpu.Checkpoints.Native;

/// <summary>Reads the bytes of a pickle, and names the offset in errors.</summary>
internal sealed class PickleReader(byte[] pickle, string file)
{
    // Two bytes can refer to a text, which is hashed or copied each time. Long texts would let a small pickle take hours.
    private const int MostText = 1024;

    private int _at;

    public string Text(long length)
    {
        var bytes = Take(length <= MostText ? length : throw Error($"a text of {length} bytes", $"names of at most {MostText}"));
        return Utf8.IsValid(bytes) ? Encoding.UTF8.GetString(bytes) : throw Error("text that is not UTF-8", "names");
    }

    public string Line()
    {
        int length = pickle.AsSpan(_at).IndexOf((byte)'\n');
        string line = Text(length >= 0 ? length : throw Error("no end of a line", "a name"));
        _at++;
        return line;
    }

    public ReadOnlySpan<byte> Take(long length)
    {
        if (length > pickle.Length - _at)
        {
            throw Error("its end", $"{length} more bytes; it is truncated or damaged");
        }

        _at += (int)length;
        return pickle.AsSpan(_at - (int)length, (int)length);
    }

    public ModelFileException Error(string found, string expected) =>
        new(file, $"found {found} at byte {_at}, expected {expected}");
}
