using System.Buffers;
using System.Diagnostics;
using System.Text;
using PieceType = Mistral.Ilgpu.Tokenization.Proto.ModelProto.Types.SentencePiece.Types.Type;

namespace Mistral.Ilgpu.Tokenization;

/// <summary>The decoder of <see cref="SentencePieceBpe"/>.</summary>
internal sealed class SentencePieceDecoder : StreamingDecoder
{
    private readonly PieceVocabulary _vocabulary;
    private readonly string _unknownText;
    private readonly byte[] _held = new byte[4];
    private int _heldCount;
    private bool _stripsSpace;

    public SentencePieceDecoder(SentencePieceBpe tokenizer, bool isContinuation)
    {
        _vocabulary = tokenizer.Vocabulary;
        _unknownText = tokenizer.UnknownText;
        _stripsSpace = tokenizer.HasDummyPrefix && !isContinuation;
    }

    public override bool IsHoldingBytes => _heldCount > 0;

    public override string Append(int id)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(id);
        ArgumentOutOfRangeException.ThrowIfGreaterThanOrEqual(id, _vocabulary.Count);

        var type = _vocabulary.TypeOf(id);
        if (type == PieceType.Byte) return AppendByte(_vocabulary.ByteOf(id));

        var held = Flush();
        if (type == PieceType.Control) return held;
        if (type == PieceType.Unknown) return Emit(held + _unknownText);

        var piece = _vocabulary[id];
        if (!_stripsSpace) return Emit(held + piece.Replace(SentencePieceBpe.Space, ' '));
        // The dummy prefix is removed once, even if nothing remains.
        _stripsSpace = false;
        return (piece[0] == SentencePieceBpe.Space ? piece[1..] : piece).Replace(SentencePieceBpe.Space, ' ');
    }

    public override string Flush()
    {
        if (_heldCount == 0) return "";
        var text = new string('\uFFFD', _heldCount);
        _heldCount = 0;
        return Emit(text);
    }

    private string AppendByte(byte value)
    {
        _held[_heldCount++] = value;
        Span<char> text = stackalloc char[2 * _held.Length];
        var (consumed, written) = (0, 0);
        while (consumed < _heldCount)
        {
            var status = Rune.DecodeFromUtf8(_held.AsSpan(consumed, _heldCount - consumed), out var rune, out var length);
            if (status == OperationStatus.NeedMoreData) break;
            // SentencePiece replaces each byte that starts no character, not each ill-formed sequence.
            consumed += status == OperationStatus.Done ? length : 1;
            written += rune.EncodeToUtf16(text[written..]);
        }

        _held.AsSpan(consumed, _heldCount - consumed).CopyTo(_held);
        _heldCount -= consumed;
        Debug.Assert(_heldCount < _held.Length);
        return written == 0 ? "" : Emit(new string(text[..written]));
    }

    private string Emit(string text)
    {
        if (text.Length > 0) _stripsSpace = false;
        return text;
    }
}
