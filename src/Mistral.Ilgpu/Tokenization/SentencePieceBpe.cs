using System.Buffers;
using System.Runtime.InteropServices;
using System.Text;
using Google.Protobuf;
using Microsoft.ML.Tokenizers;
using Mistral.Ilgpu.Tokenization.Proto;
using PieceType = Mistral.Ilgpu.Tokenization.Proto.ModelProto.Types.SentencePiece.Types.Type;

namespace Mistral.Ilgpu.Tokenization;

/// <summary>
/// A SentencePiece BPE model with exactly the ids and texts of libsentencepiece. Encoding adds no control tokens.
/// Safe for concurrent use.
/// </summary>
internal sealed class SentencePieceBpe : TextTokenizer
{
    internal const char Space = '\u2581';

    private readonly BpeMerger _merger;
    private readonly ModelProto _model;

    private SentencePieceBpe(ModelProto model, string source)
    {
        ModelValidation.RequireSupported(model, source);
        _model = model;
        Vocabulary = new PieceVocabulary(model, source);
        _merger = new BpeMerger(Vocabulary);
        HasDummyPrefix = model.NormalizerSpec.AddDummyPrefix;
        UnknownText = model.TrainerSpec.UnkSurface;
        BosId = Vocabulary.FindControl(model.TrainerSpec.BosPiece);
        EosId = Vocabulary.FindControl(model.TrainerSpec.EosPiece);
    }

    public override int BosId { get; }

    public override int EosId { get; }

    public int UnknownId => Vocabulary.UnknownId;

    public override int VocabularySize => Vocabulary.Count;

    internal PieceVocabulary Vocabulary { get; }

    internal bool HasDummyPrefix { get; }

    internal string UnknownText { get; }

    public static SentencePieceBpe Load(string path)
    {
        ArgumentException.ThrowIfNullOrEmpty(path);
        try
        {
            using var file = File.OpenRead(path);
            return Load(file, path);
        }
        catch (Exception exception) when (exception is FileNotFoundException or DirectoryNotFoundException)
        {
            throw new ModelFileException(path, "no such file, expected a SentencePiece model", exception);
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            throw new ModelFileException(path, $"unreadable ({exception.Message}), expected a SentencePiece model", exception);
        }
    }

    /// <param name="model">The bytes of a <c>.model</c> file.</param>
    /// <param name="source">The file's name, for messages.</param>
    public static SentencePieceBpe Load(Stream model, string source)
    {
        ArgumentNullException.ThrowIfNull(model);
        return Create(ModelValidation.Parse(model, source), source);
    }

    internal static SentencePieceBpe Load(byte[] model, string source) => Create(ModelValidation.Parse(model, source), source);

    internal static SentencePieceBpe Create(ModelProto model, string source) => new(model, source);

    public override string IdToPiece(int id) => Vocabulary[RequireId(id)];

    public override bool IsControl(int id) => Vocabulary.TypeOf(RequireId(id)) == PieceType.Control;

    public override int FindControl(string piece) => Vocabulary.FindControl(piece);

    internal override bool DropsFirstSpace => HasDummyPrefix;

    internal override byte[]? TextBytesOf(int id) => Vocabulary.TypeOf(RequireId(id)) switch
    {
        PieceType.Control or PieceType.Unknown => null,
        PieceType.Byte => [Vocabulary.ByteOf(id)],
        _ => Encoding.UTF8.GetBytes(Vocabulary[id].Replace(Space, ' ')),
    };

    public override StreamingDecoder CreateDecoder(bool isContinuation = false) => new SentencePieceDecoder(this, isContinuation);

    /// <summary>Writes the model as a <c>.model</c> file.</summary>
    internal void Save(Stream output) => _model.WriteTo(output);

    private protected override List<Token> Encode(ReadOnlySpan<char> text, EncodeSettings settings)
    {
        if (text.IsEmpty) return [];
        var normalizes = settings.ConsiderNormalization;
        var prefix = normalizes && HasDummyPrefix ? 1 : 0;
        var buffer = ArrayPool<char>.Shared.Rent(text.Length + prefix);
        try
        {
            var normalized = buffer.AsSpan(0, text.Length + prefix);
            if (prefix > 0) normalized[0] = Space;
            var body = normalized[prefix..];
            if (normalizes) text.Replace(body, ' ', Space);
            else text.CopyTo(body);
            LoneSurrogates.Replace(body);

            var segments = new List<Segment>(normalized.Length / 3 + 1);
            _merger.Split(normalized, segments);
            return ToTokens(segments, normalized, prefix);
        }
        finally
        {
            ArrayPool<char>.Shared.Return(buffer);
        }
    }

    private List<Token> ToTokens(List<Segment> segments, ReadOnlySpan<char> normalized, int prefix)
    {
        var tokens = new List<Token>(segments.Count);
        Span<byte> utf8 = stackalloc byte[4];
        var followsUnknown = false;
        foreach (var segment in segments)
        {
            var start = Math.Max(0, segment.Start - prefix);
            var end = segment.Start + segment.Length - prefix;
            if (segment.Id >= 0)
            {
                tokens.Add(new Token(segment.Id, start..end));
            }
            else if (Vocabulary.HasByteFallback)
            {
                var count = Encoding.UTF8.GetBytes(normalized.Slice(segment.Start, segment.Length), utf8);
                for (var i = 0; i < count - 1; i++) tokens.Add(new Token(Vocabulary.IdOfByte(utf8[i]), start..start, false));
                tokens.Add(new Token(Vocabulary.IdOfByte(utf8[count - 1]), start..end));
            }
            else if (followsUnknown)
            {
                CollectionsMarshal.AsSpan(tokens)[^1] = new Token(UnknownId, tokens[^1].Offset.Start..end);
            }
            else
            {
                tokens.Add(new Token(UnknownId, start..end));
            }

            followsUnknown = segment.Id < 0;
        }

        return tokens;
    }
}
