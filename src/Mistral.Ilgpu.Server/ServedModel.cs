using Microsoft.Extensions.Options;
using Mistral.Ilgpu.Generation;
using Mistral.Ilgpu.Server.Errors;

namespace Mistral.Ilgpu.Server;

/// <summary>The model as requests name it.</summary>
internal sealed class ServedModel(
    LanguageModel model, IOptions<MistralServerOptions> options, IEnumerable<ILogitProcessor> processors)
{
    public LanguageModel Language => model;

    public MistralServerOptions Options => options.Value;

    public string Name => model.Info.Name;

    /// <summary>When it was loaded, in seconds since 1970.</summary>
    public long Created { get; } = DateTimeOffset.UtcNow.ToUnixTimeSeconds();

    /// <summary>Logit processors among the application's services, which every text has.</summary>
    public IReadOnlyList<ILogitProcessor> LogitProcessors { get; } = [.. processors];

    /// <summary>The adapters as requests name them, and as the library does. Clients are not told where files lie.</summary>
    public IReadOnlyDictionary<string, string> Adapters { get; } = NamesOf(model.Info.Adapters);

    /// <summary>The adapters of a text: none for the model's own name, and one for an adapter's.</summary>
    /// <param name="name">The request's <c>model</c>; null for the model's own.</param>
    public IReadOnlyList<string> AdaptersOf(string? name) =>
        name is null || name == Name ? []
        : Adapters.TryGetValue(name, out string? adapter) ? [adapter]
        : throw new ApiException(
            404, $"model: found '{name}', expected {string.Join(" or ", Adapters.Keys.Prepend(Name))}",
            "model", "model_not_found");

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

    // The name of the folder or of the file; of several alike the later have a number.
    private static OrderedDictionary<string, string> NamesOf(IEnumerable<string> adapters)
    {
        var names = new OrderedDictionary<string, string>();
        foreach (string adapter in adapters)
        {
            string file = Path.GetFileName(Path.TrimEndingDirectorySeparator(adapter));
            string name = Path.GetExtension(file) is ".safetensors" or ".gguf" ? Path.GetFileNameWithoutExtension(file) : file;
            string free = name;
            for (int number = 2; !names.TryAdd(free, adapter); number++)
            {
                free = $"{name}-{number}";
            }
        }

        return names;
    }
}
