using System.Buffers;
using System.Text;

namespace Mistral.Ilgpu.Tokenization;

/// <summary>The decoder of <see cref="ByteLevelBpe"/>. The bytes of a character may belong to several tokens.</summary>
internal sealed class ByteLevelDecoder(ByteLevelBpe tokenizer) : StreamingDecoder
{
    private readonly List<byte> _held = [];

    public override bool IsHoldingBytes => _held.Count > 0;

    public override string Append(int id)
    {
        if (tokenizer.IsControl(id))
        {
            return Flush();
        }

        _held.AddRange(tokenizer.BytesOf(id));
        return Take(isEnd: false);
    }

    public override string Flush() => Take(isEnd: true);

    private string Take(bool isEnd)
    {
        var text = new StringBuilder();
        ReadOnlySpan<byte> bytes = _held.ToArray();
        while (!bytes.IsEmpty)
        {
            // The longest valid start of an ill-formed sequence becomes one U+FFFD, as in Python and in browsers.
            var status = Rune.DecodeFromUtf8(bytes, out var rune, out int length);
            if (status == OperationStatus.NeedMoreData && !isEnd)
            {
                break;
            }

            text.Append(rune.ToString());
            bytes = bytes[length..];
        }

        _held.RemoveRange(0, _held.Count - bytes.Length);
        return text.ToString();
    }
}
