using System.Buffers;
using System.Text.RegularExpressions;
using Microsoft.ML.Tokenizers;

namespace Mistral.Ilgpu.Tokenization;

/// <summary>The data of a byte-level tokenizer.</summary>
/// <param name="Tokens">The bytes of each id; null for control tokens and ids that do not occur in texts.</param>
/// <param name="Controls">Control tokens by their text.</param>
/// <param name="Pattern">The regular expression whose matches are words.</param>
internal sealed record ByteLevelVocabulary(
    IReadOnlyList<byte[]?> Tokens, IReadOnlyDictionary<string, int> Controls,
    string Pattern, int BosId, int EosId, string? Version)
{
    /// <summary>The reasoning efforts that a conversation may ask for.</summary>
    public ReasoningEfforts? ReasoningEfforts { get; init; }
}
