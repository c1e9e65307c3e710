using Mistral.Ilgpu.Generation;

namespace Mistral.Ilgpu;

/// <summary>Adapters that come and go while texts run.</summary>
public sealed partial class LanguageModel
{
    /// <summary>Loads an adapter that texts may name from then on, see <see cref="TextRequest.Adapters"/>. Texts run on
    /// meanwhile: they wait no longer than its values are copied to the device, and their tokens do not change.</summary>
    /// <param name="name">What texts call it; null for its path.</param>
    /// <param name="cancellation">Ends the load. The adapter is then not there.</param>
    /// <exception cref="ArgumentException">An adapter has that name, or 64 are loaded.</exception>
    /// <exception cref="ModelFileException">The adapter is missing, damaged, or does not fit the model.</exception>
    /// <exception cref="DeviceException">The device has too little memory left.</exception>
    /// <exception cref="ObjectDisposedException">The model is disposed of.</exception>
    /// <example>
    /// <code>
    /// await model.LoadAdapterAsync(new LoraOptions("adapters/mine"), "mine");
    /// var text = model.Engine.Submit(new TextRequest(ids) { Adapters = ["mine"] });
    /// </code>
    /// </example>
    public async Task LoadAdapterAsync(LoraOptions adapter, string? name = null, CancellationToken cancellation = default)
    {
        ArgumentNullException.ThrowIfNull(adapter);
        int index = Model.Adapters.Reserve(name ?? adapter.Path);
        try
        {
            await Task.Run(() => Model.LoadAdapter(index, adapter, cancellation), cancellation).ConfigureAwait(false);
        }
        catch
        {
            Model.Adapters.Free(index);
            throw;
        }

        Model.Adapters.Publish(index);
    }

    /// <summary>Unloads an adapter: no further text may name it, and its memory is freed once the texts that have it, running or
    /// waiting, have ended as they were submitted.</summary>
    /// <param name="cancellation">Ends the wait. The adapter is unloaded all the same.</param>
    /// <returns>Ends when the memory is free.</returns>
    /// <exception cref="ArgumentException">No adapter has that name.</exception>
    /// <exception cref="ObjectDisposedException">The model is disposed of.</exception>
    public Task UnloadAdapterAsync(string name, CancellationToken cancellation = default)
    {
        var (index, unused) = Model.Adapters.Withdraw(name);
        return UnloadAsync().WaitAsync(cancellation);

        async Task UnloadAsync()
        {
            await unused.ConfigureAwait(false);
            Model.UnloadAdapter(index);
            Model.Adapters.Free(index);
        }
    }
}
