using Mistral.Ilgpu.Checkpoints;
using Mistral.Ilgpu.Generation;
using Mistral.Ilgpu.Model.Options;

namespace Mistral.Ilgpu.Server.Loading;

/// <summary>A model that can be loaded, and what is known of it before it is.</summary>
/// <param name="Name">The name that requests give. Of several alike the later have a number.</param>
/// <param name="Load">Loads the model, each time that it is wanted and not there.</param>
internal sealed record NamedModel(string Name, ModelLoader Load)
{
    /// <summary>Longest text in tokens; null for no limit.</summary>
    public int? Context { get; init; }

    /// <summary>The adapters as the library names them.</summary>
    public IReadOnlyList<string> Adapters { get; init; } = [];

    /// <summary>How the hidden states of a text's tokens become one vector.</summary>
    public EmbeddingPooling Pooling { get; init; }

    /// <summary>The model, if it is there already.</summary>
    public LanguageModel? Loaded { get; init; }

    /// <summary>Whether the model is the server's own, which unloads it and disposes of it.</summary>
    public bool IsOwned { get; init; } = true;

    /// <summary>A model that the application has among its services.</summary>
    public static NamedModel Of(LanguageModel model, EmbeddingPooling pooling) =>
        new(model.Info.Name, (_, _) => Task.FromResult(model))
        {
            Adapters = model.Info.Adapters, Pooling = pooling, Loaded = model, IsOwned = false,
        };

    /// <summary>A model whose files are opened, so that it has its name and a wrong path is told at once.</summary>
    /// <param name="name">The name that requests give; null for the model's own.</param>
    /// <param name="model">As <see cref="Checkpoint.Open(string)"/> takes it.</param>
    /// <exception cref="ModelFileException">The model is missing, damaged or of an unsupported kind.</exception>
    public static NamedModel Open(string? name, string model, ModelOptions options, ModelLoader load)
    {
        using var checkpoint = Checkpoint.Open(model);
        return new NamedModel(name ?? checkpoint.Name, load)
        {
            Context = options.ContextOf(options.Adapt(checkpoint.Config)),
            Adapters = [.. (options.Adapters ?? []).Select(adapter => adapter.Path)],
        };
    }
}
