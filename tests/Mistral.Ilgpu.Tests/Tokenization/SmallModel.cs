using Google.Protobuf;
using Mistral.Ilgpu.Tokenization;
using Mistral.Ilgpu.Tokenization.Proto;
using Piece = Mistral.Ilgpu.Tokenization.Proto.ModelProto.Types.SentencePiece;
using PieceType = Mistral.Ilgpu.Tokenization.Proto.ModelProto.Types.SentencePiece.Types.Type;

namespace Mistral.Ilgpu.Tests.Tokenization;

/// <summary>A model of a few pieces: unknown 0, start 1, end 2, if wanted the bytes 3 to 258, then those given.</summary>
internal static class SmallModel
{
    public const int FirstPiece = 259;

    public static ModelProto Proto(params (string Piece, float Score)[] pieces) => Proto(true, pieces);

    public static ModelProto Proto(bool hasBytes, params (string Piece, float Score)[] pieces)
    {
        var model = new ModelProto
        {
            TrainerSpec = new TrainerSpec { ModelType = TrainerSpec.Types.ModelType.Bpe, ByteFallback = hasBytes },
            NormalizerSpec = new NormalizerSpec
            {
                Name = "identity",
                AddDummyPrefix = true,
                RemoveExtraWhitespaces = false,
                EscapeWhitespaces = true,
            },
        };
        model.Pieces.Add(new Piece { Piece = "<unk>", Type = PieceType.Unknown });
        model.Pieces.Add(new Piece { Piece = "<s>", Type = PieceType.Control });
        model.Pieces.Add(new Piece { Piece = "</s>", Type = PieceType.Control });
        for (var i = 0; hasBytes && i < 256; i++) model.Pieces.Add(new Piece { Piece = $"<0x{i:X2}>", Type = PieceType.Byte });
        foreach (var (piece, score) in pieces) model.Pieces.Add(new Piece { Piece = piece, Score = score });
        return model;
    }

    public static ModelProto With(this ModelProto model, string piece, PieceType type, float score = 0)
    {
        model.Pieces.Add(new Piece { Piece = piece, Type = type, Score = score });
        return model;
    }

    public static SentencePieceBpe Load(this ModelProto model) => Load(model.ToByteArray());

    public static SentencePieceBpe Load(byte[] model) => SentencePieceBpe.Load(new MemoryStream(model), "small.model");

    /// <summary>Enough pieces for English-looking text: letters, a space, and merges of them.</summary>
    public static SentencePieceBpe English() => Proto(
        ("▁", -10), ("a", -11), ("b", -12), ("c", -13), ("d", -14), ("e", -15), ("é", -16),
        ("▁a", -1), ("ab", -2), ("▁ab", -3), ("cd", -4), ("▁cd", -5), ("de", -6), ("▁▁", -7), ("日", -8), ("▁日", -9)).Load();

    public static string[] Pieces(this SentencePieceBpe tokenizer, string text) =>
        [.. tokenizer.EncodeToIds(text).Select(tokenizer.IdToPiece)];
}
