using Mistral.Ilgpu.Tokenization;
using Mistral.Ilgpu.Tokenization.Proto;

namespace Mistral.Ilgpu.Checkpoints.Gguf;

/// <summary>The tokenizer inside a GGUF file.</summary>
internal static class GgufTokenizer
{
    public static TextTokenizer Load(GgufMetadata metadata)
    {
        var tokens = metadata.Texts("tokenizer.ggml.tokens")!;
        var types = metadata.Numbers("tokenizer.ggml.token_type")!;
        var scores = metadata.Numbers("tokenizer.ggml.scores")!;
        var model = new ModelProto { TrainerSpec = new TrainerSpec { ModelType = TrainerSpec.Types.ModelType.Bpe, ByteFallback = true }, NormalizerSpec = new NormalizerSpec { AddDummyPrefix = true, RemoveExtraWhitespaces = false, EscapeWhitespaces = true } };
        for (int i = 0; i < tokens.Count; i++)
        {
            model.Pieces.Add(new ModelProto.Types.SentencePiece { Piece = tokens[i], Score = (float)scores[i], Type = (ModelProto.Types.SentencePiece.Types.Type)(int)types[i] });
        }

        return SentencePieceBpe.Create(model, metadata.File);
    }
}
