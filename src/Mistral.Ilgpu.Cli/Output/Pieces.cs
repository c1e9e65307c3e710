using Mistral.Ilgpu.Tokenization;

namespace Mistral.Ilgpu.Cli.Output;

internal static class Pieces
{
    /// <summary>A token's piece. A model's vocabulary may be larger than its tokenizer's because of padding.</summary>
    public static string PieceText(this TextTokenizer tokenizer, int id) =>
        id < tokenizer.VocabularySize ? tokenizer.IdToPiece(id) : "<padding>";
}
