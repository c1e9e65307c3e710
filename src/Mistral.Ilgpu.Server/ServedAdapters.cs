using System.Collections.Immutable;

namespace Mistral.Ilgpu.Server;

/// <summary>The adapters of a model as requests name them, which stay while the model is unloaded and loaded again. Reading is
/// for any thread, changing for one at a time.</summary>
/// <param name="initial">Those that the model is loaded with, as requests name them, and as the library does.</param>
internal sealed class ServedAdapters(IReadOnlyDictionary<string, string> initial)
{
    private volatile ImmutableDictionary<string, LoraOptions> _added = ImmutableDictionary<string, LoraOptions>.Empty;
    private volatile IReadOnlyDictionary<string, string> _names = initial;

    /// <summary>The adapters as requests name them, and as the library does. Clients are not told where files lie.</summary>
    public IReadOnlyDictionary<string, string> Names => _names;

    /// <summary>Loads an adapter that requests may name from then on.</summary>
    public async Task LoadAsync(LanguageModel model, string name, LoraOptions adapter, CancellationToken cancellation)
    {
        await model.LoadAdapterAsync(adapter, name, cancellation);
        _added = _added.SetItem(name, adapter);
        _names = new OrderedDictionary<string, string>(_names) { { name, name } };
    }

    /// <summary>Takes an adapter away from requests.</summary>
    /// <param name="model">Null while it is not in memory.</param>
    /// <returns>Ends when the adapter's memory is free.</returns>
    public Task UnloadAsync(LanguageModel? model, string name)
    {
        string adapter = _names[name];
        _names = new OrderedDictionary<string, string>(_names.Where(pair => pair.Key != name));
        _added = _added.Remove(name);
        return model?.UnloadAdapterAsync(adapter) ?? Task.CompletedTask;
    }

    /// <summary>Gives a model that was loaded again the adapters that it had. They may change meanwhile.</summary>
    public async Task RestoreAsync(LanguageModel model, CancellationToken cancellation)
    {
        foreach (var (name, adapter) in _added)
        {
            await model.LoadAdapterAsync(adapter, name, cancellation);
        }

        foreach (string adapter in model.Info.Adapters.Except(_names.Values).ToList())
        {
            await model.UnloadAdapterAsync(adapter, cancellation);
        }
    }
}
