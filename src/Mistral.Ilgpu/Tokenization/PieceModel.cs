using Mistral.Ilgpu.Tokenization.Proto;
using PieceType = Mistral.Ilgpu.Tokenization.Proto.ModelProto.Types.SentencePiece.Types.Type;

namespace Mistral.Ilgpu.Tokenization;

/// <summary>Builds a SentencePiece BPE model from pieces that do not come from a model file.</summary>
internal sealed class PieceModel
{
    private readonly ModelProto _model = new()
    {
        TrainerSpec = new TrainerSpec { ModelType = TrainerSpec.Types.ModelType.Bpe },
        NormalizerSpec = new NormalizerSpec { RemoveExtraWhitespaces = false, EscapeWhitespaces = true },
    };

    public int Count => _model.Pieces.Count;

    public void Add(string piece, float score, PieceType type) =>
        _model.Pieces.Add(new ModelProto.Types.SentencePiece { Piece = piece, Score = score, Type = type });

    /// <param name="bos">The piece that starts a text; null for SentencePiece's default.</param>
    /// <param name="hasDummyPrefix">Whether a space is added before a text.</param>
    public SentencePieceBpe Build(string source, string? bos, string? eos, bool hasDummyPrefix)
    {
        _model.TrainerSpec.ByteFallback = _model.Pieces.Any(piece => piece.Type == PieceType.Byte);
        _model.TrainerSpec.BosPiece = bos ?? "<s>";
        _model.TrainerSpec.EosPiece = eos ?? "</s>";
        _model.NormalizerSpec.AddDummyPrefix = hasDummyPrefix;
        return SentencePieceBpe.Create(_model, source);
    }
}
