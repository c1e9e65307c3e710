using Mistral.Ilgpu.Tokenization;

namespace Mistral.Ilgpu.Cli.Output;

internal static class Pieces
{
    /// <summary>A token's piece; a model's vocabulary may be padded past its tokenizer's.</summary>
    public static string PieceText(this TextTokenizer tokenizer, int id) =>
        id < tokenizer.VocabularySize ? tokenizer.IdToPiece(id) : "<padding>";
}
