using System.Globalization;
using Mistral.Ilgpu.Tokenization.Proto;
using PieceType = Mistral.Ilgpu.Tokenization.Proto.ModelProto.Types.SentencePiece.Types.Type;

namespace Mistral.Ilgpu.Tokenization;

/// <summary>The validated pieces of a SentencePiece model, by id, by text and by byte.</summary>
internal sealed class PieceVocabulary
{
    private readonly string[] _pieces;
    private readonly PieceType[] _types;
    private readonly float[] _scores;
    private readonly byte[] _bytes;
    private readonly int[] _byteIds = new int[256];
    private readonly Dictionary<string, int>.AlternateLookup<ReadOnlySpan<char>> _matchable;
    private readonly Dictionary<string, int> _reserved = new(StringComparer.Ordinal);

    public PieceVocabulary(ModelProto model, string source)
    {
        var count = model.Pieces.Count;
        if (count == 0) throw new ModelFileException(source, "no pieces, expected a SentencePiece vocabulary");

        _pieces = new string[count];
        _types = new PieceType[count];
        _scores = new float[count];
        _bytes = new byte[count];
        Array.Fill(_byteIds, -1);
        var matchable = new Dictionary<string, int>(count, StringComparer.Ordinal);
        UnknownId = -1;

        for (var id = 0; id < count; id++)
        {
            var piece = model.Pieces[id];
            if (piece.Piece.Length == 0) throw new ModelFileException(source, $"piece {id} is empty, expected text");
            if (float.IsNaN(piece.Score))
                throw new ModelFileException(source, $"the score of piece {id} '{piece.Piece}' is not a number");
            if (!Enum.IsDefined(piece.Type))
                throw new ModelFileException(source, $"piece {id} '{piece.Piece}' has type {(int)piece.Type}, expected 1 to 6");
            _pieces[id] = piece.Piece;
            _types[id] = piece.Type;
            _scores[id] = piece.Score;

            var isMatchable = piece.Type is PieceType.Normal or PieceType.UserDefined or PieceType.Unused;
            if (!(isMatchable ? matchable : _reserved).TryAdd(piece.Piece, id))
                throw new ModelFileException(source, $"piece {id} '{piece.Piece}' was already defined, expected distinct pieces");
            if (isMatchable) LongestPiece = Math.Max(LongestPiece, piece.Piece.Length);
            HasUnused |= piece.Type == PieceType.Unused;

            if (piece.Type == PieceType.Unknown)
            {
                if (UnknownId >= 0)
                    throw new ModelFileException(source, $"pieces {UnknownId} and {id} are both of type UNKNOWN, expected one");
                UnknownId = id;
            }
            else if (piece.Type == PieceType.Byte)
            {
                _bytes[id] = ParseByte(piece.Piece)
                    ?? throw new ModelFileException(source, $"byte piece {id} is '{piece.Piece}', expected the form <0x0A>");
                _byteIds[_bytes[id]] = id;
            }
        }

        if (UnknownId < 0) throw new ModelFileException(source, "no piece of type UNKNOWN, expected one");
        HasByteFallback = model.TrainerSpec.ByteFallback;
        var missing = Array.IndexOf(_byteIds, -1);
        if (HasByteFallback && missing >= 0)
            throw new ModelFileException(source, $"byte fallback without the piece <0x{missing:X2}>, expected all 256 bytes");
        if (!HasByteFallback && Array.Exists(_types, type => type == PieceType.Byte))
            throw new ModelFileException(source, "byte pieces without byte fallback, expected both or neither");

        _matchable = matchable.GetAlternateLookup<ReadOnlySpan<char>>();
    }

    public int Count => _pieces.Length;

    public int UnknownId { get; }

    public bool HasByteFallback { get; }

    public bool HasUnused { get; }

    /// <summary>UTF-16 units of the longest piece that text can match.</summary>
    public int LongestPiece { get; }

    public string this[int id] => _pieces[id];

    public PieceType TypeOf(int id) => _types[id];

    public float ScoreOf(int id) => _scores[id];

    public byte ByteOf(int id) => _bytes[id];

    public int IdOfByte(byte value) => _byteIds[value];

    /// <summary>The id of a piece of text, or -1. Control, unknown and byte pieces do not match text.</summary>
    public int Find(ReadOnlySpan<char> text) => _matchable.TryGetValue(text, out var id) ? id : -1;

    public int FindControl(string piece) =>
        _reserved.TryGetValue(piece, out var id) && _types[id] == PieceType.Control ? id : -1;

    /// <summary>All texts that <see cref="Find"/> finds.</summary>
    public IEnumerable<string> Matchable() => _matchable.Dictionary.Keys;

    public IEnumerable<string> UserDefined() => _pieces.Where((_, id) => _types[id] == PieceType.UserDefined);

    private static byte? ParseByte(string piece) =>
        piece.Length == 6 && piece.StartsWith("<0x", StringComparison.Ordinal) && piece[5] == '>'
        && byte.TryParse(piece.AsSpan(3, 2), NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture, out var value)
            ? value
            : null;
}
