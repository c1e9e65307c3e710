namespace Mistral.Ilgpu.Tokenization;

/// <summary>The patterns that split a text into words, by their names in GGUF files.</summary>
internal static class WordPatterns
{
    public const string Tekken =
        @"[^\r\n\p{L}\p{N}]?[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}]*[\p{Ll}\p{Lm}\p{Lo}\p{M}]+|"
        + @"[^\r\n\p{L}\p{N}]?[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}]+[\p{Ll}\p{Lm}\p{Lo}\p{M}]*|"
        + @"\p{N}| ?[^\s\p{L}\p{N}]+[\r\n/]*|\s*[\r\n]+|\s+(?!\S)|\s+";

    public const string Gpt2 = @"'s|'t|'re|'ve|'m|'ll|'d| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)|\s+";

    private const string Llama3 =
        @"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}{1,3}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+";

    public static string Of(string? pre, string source) => pre switch
    {
        GgufVocabulary.TekkenPre => Tekken,
        "llama3" or "llama-v3" or "llama-bpe" or "smaug-bpe" => Llama3,
        null or "default" or "gpt-2" or "gpt2" => Gpt2,
        _ => throw new ModelFileException(source, $"tokenizer.ggml.pre: found {pre}, expected tekken, llama-bpe or gpt-2"),
    };
}
