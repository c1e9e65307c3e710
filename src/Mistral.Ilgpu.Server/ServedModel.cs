using Mistral.Ilgpu.Generation;
using Mistral.Ilgpu.Server.Errors;

namespace Mistral.Ilgpu.Server;

/// <summary>A model that is in memory, as requests name it.</summary>
/// <param name="processors">Logit processors among the application's services, which every text has.</param>
internal sealed class ServedModel(
    LanguageModel model, string name, ServedAdapters adapters, MistralServerOptions options,
    EmbeddingPooling pooling, IReadOnlyList<ILogitProcessor> processors)
{
    public LanguageModel Language => model;

    public MistralServerOptions Options => options;

    public string Name => name;

    /// <summary>How the hidden states of a text's tokens become one vector.</summary>
    public EmbeddingPooling Pooling => pooling;

    public IReadOnlyList<ILogitProcessor> LogitProcessors => processors;

    public ServedAdapters Adapters => adapters;

    /// <summary>The adapters of a text: none for the model's own name, and one for an adapter's.</summary>
    /// <param name="asked">The request's <c>model</c>; null for the first one's own.</param>
    /// <exception cref="ApiException">The adapter was unloaded meanwhile.</exception>
    public IReadOnlyList<string> AdaptersOf(string? asked) =>
        asked is null || asked == name ? []
        : adapters.Names.TryGetValue(asked, out string? adapter) ? [adapter]
        : throw Unloaded($"'{asked}'");

    /// <summary>The error of a request whose adapter was unloaded meanwhile.</summary>
    public static ApiException Unloaded(string adapter) =>
        new(404, $"model: found {adapter}, which was unloaded", "model", "model_not_found");

    /// <summary>Most tokens of an answer to a prompt.</summary>
    /// <param name="asked">What the request says; null for nothing.</param>
    /// <param name="usual">What is meant by nothing.</param>
    public int MaxTokensOf(int? asked, int promptLength, int usual) => asked
        ?? Math.Max(1, Math.Min(usual, (model.Info.Context ?? int.MaxValue) - promptLength));

    /// <summary>Requires that a prompt is no longer than the server allows.</summary>
    public void RequireLength(int promptLength, string parameter)
    {
        if (promptLength > Options.MaxPromptTokens)
        {
            throw new ApiException(
                400, $"{parameter}: found {promptLength} tokens, expected at most {Options.MaxPromptTokens}", parameter,
                "context_length_exceeded");
        }
    }

    /// <summary>A new name for a response.</summary>
    public static string NewId(string prefix) => $"{prefix}{Guid.CreateVersion7():N}";

    public static long Now() => DateTimeOffset.UtcNow.ToUnixTimeSeconds();
}
