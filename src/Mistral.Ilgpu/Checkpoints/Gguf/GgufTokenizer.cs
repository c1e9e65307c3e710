using System.Text;
using Mistral.Ilgpu.Tokenization;

namespace Mistral.Ilgpu.Checkpoints.Gguf;

/// <summary>Reads the tokenizer of a GGUF file.</summary>
internal static class GgufTokenizer
{
    /// <summary>The key under which files written here store the version of the chat format.</summary>
    public const string VersionKey = "mistral.tokenizer_version";

    /// <summary>Where files written here keep Tekken's <c>model_settings_builder</c>, as JSON.</summary>
    public const string SettingsKey = "mistral.model_settings_builder";

    public static TextTokenizer Load(GgufMetadata metadata)
    {
        const string Model = "tokenizer.ggml.model";
        const string Tokens = "tokenizer.ggml.tokens";
        return new GgufVocabulary(
            metadata.Text(Model) ?? throw metadata.Error(Model, "nothing", "llama or gpt2"),
            metadata.Text("tokenizer.ggml.pre"),
            metadata.Texts(Tokens) ?? throw metadata.Error(Tokens, "nothing", "a vocabulary"),
            Numbers("scores", value => (float)value),
            Numbers("token_type", value => (int)value),
            metadata.Count("tokenizer.ggml.bos_token_id", 0),
            metadata.Count("tokenizer.ggml.eos_token_id", 0),
            metadata.Flag("tokenizer.ggml.add_space_prefix") ?? true,
            metadata.Text(VersionKey) ?? VersionOf(metadata.Text("tokenizer.chat_template")),
            metadata.Text(SettingsKey) is { } settings
                ? JsonFields.ParseRoot(Encoding.UTF8.GetBytes(settings), $"{metadata.File}: {SettingsKey}")
                : null).Build(metadata.File);

        List<T>? Numbers<T>(string key, Func<double, T> convert) => metadata.Numbers($"tokenizer.ggml.{key}") is { } numbers
            ? [.. Enumerable.Range(0, numbers.Count).Select(i => convert(numbers[i]))]
            : null;
    }

    private static string? VersionOf(string? template) => template is null ? null : TokenizerVersion.OfTemplate(template);
}
