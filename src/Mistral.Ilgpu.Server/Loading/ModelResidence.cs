using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;
using Mistral.Ilgpu.Generation;
using Mistral.Ilgpu.Server.Errors;

namespace Mistral.Ilgpu.Server.Loading;

/// <summary>
/// Decides which models are in memory. The first is loaded at start, another when a request wants it, one at a time. Where memory
/// is short, models that nobody leases go first, the one that was used least recently before others. A model that nobody leased
/// for <see cref="MistralServerOptions.IdleUnload"/> goes too.
/// </summary>
internal sealed class ModelResidence : IAsyncDisposable
{
    private readonly IOptions<MistralServerOptions> _options;
    private readonly IReadOnlyList<ILogitProcessor> _processors;
    private readonly TimeProvider _time;
    private readonly ILogger _logger;
    private readonly Dictionary<ModelSlot, Task> _loads = [];
    private readonly SemaphoreSlim _gate = new(1);
    private readonly CancellationTokenSource _stopping = new();

    public ModelResidence(
        NamedModels sources, IOptions<MistralServerOptions> options, IEnumerable<ILogitProcessor> processors, TimeProvider time,
        ILogger<ServedModel> logger)
    {
        (_options, _processors, _time, _logger) = (options, [.. processors], time, logger);
        var taken = new ModelNames();
        // Models before adapters, so that a model keeps its name.
        List<(string Name, NamedModel Source)> named = [.. sources.All.Select(source => (taken.Take(source.Name), source))];
        Slots =
        [
            .. named.Select(model => new ModelSlot(
                model.Name, model.Source, new ServedAdapters(taken.TakeAll(model.Source.Adapters)), time)),
        ];
        foreach (var slot in Slots)
        {
            if (slot.Source.Loaded is { } loaded)
            {
                Open(slot, loaded);
            }
        }
    }

    public IReadOnlyList<ModelSlot> Slots { get; }

    /// <summary>Loads the first model, if it is not there.</summary>
    public Task StartAsync() => LoadAsync(Slots[0]);

    /// <summary>Loads a model unless it is there. All who want it at the same time share one load, which goes on without
    /// them.</summary>
    /// <exception cref="ApiException">The load failed. The next call tries again.</exception>
    public Task EnsureAsync(ModelSlot slot)
    {
        lock (_loads)
        {
            return _loads.TryGetValue(slot, out var load) && !load.IsCompleted
                ? load
                : _loads[slot] = Task.Run(() => AnswerAsync(slot));
        }
    }

    /// <summary>Loads no more, and ends the texts of all models.</summary>
    /// <param name="drain">Whether texts are completed; otherwise they are cancelled.</param>
    public async Task StopAsync(bool drain)
    {
        await _stopping.CancelAsync();
        await Task.WhenAll(Slots.Select(slot => slot.Model?.Language.Engine.StopAsync(drain) ?? Task.CompletedTask));
    }

    public async ValueTask DisposeAsync()
    {
        await _stopping.CancelAsync();
        // A load that is on its way ends first.
        await _gate.WaitAsync();
        foreach (var slot in Slots.Where(slot => slot.Source.IsOwned && slot.Model is not null))
        {
            await slot.Model!.Language.DisposeAsync();
        }
    }

    private async Task AnswerAsync(ModelSlot slot)
    {
        try
        {
            await LoadAsync(slot);
        }
        catch (OperationCanceledException) when (_stopping.IsCancellationRequested)
        {
            throw ApiException.Unavailable("the server is stopping");
        }
        catch (Exception exception) when (exception is not ApiException)
        {
            _logger.LoadFailed(exception, slot.Name);
            throw new ApiException(503, $"model '{slot.Name}' could not be loaded", "model", "model_load_failed");
        }
    }

    private async Task LoadAsync(ModelSlot slot)
    {
        await _gate.WaitAsync(_stopping.Token);
        try
        {
            if (slot.IsFaulted && slot.TryTake(isFaulted: true) is { } failed)
            {
                await UnloadAsync(slot, failed, "its device has failed");
            }

            if (slot.Model is null)
            {
                Open(slot, await MakeRoomAndLoadAsync(slot));
            }
            else if (slot.IsFaulted)
            {
                throw ApiException.Unavailable($"model '{slot.Name}' has failed and is loaded again soon");
            }
        }
        finally
        {
            _gate.Release();
        }
    }

    private async Task<LanguageModel> MakeRoomAndLoadAsync(ModelSlot slot)
    {
        while (true)
        {
            try
            {
                var loaded = await slot.Source.Load(HeldOn, _stopping.Token);
                await RestoreAsync(slot, loaded);
                _logger.Loaded(slot.Name, loaded.Info.DeviceName, loaded.Info.LoadTime);
                return loaded;
            }
            catch (DeviceException exception) when (exception.IsOutOfMemory && Slots.Any(other => other.Model is not null))
            {
                if (!await TryMakeRoomAsync(slot))
                {
                    throw ApiException.Unavailable($"model '{slot.Name}' has no room in memory while other models answer");
                }
            }
        }
    }

    private async Task RestoreAsync(ModelSlot slot, LanguageModel loaded)
    {
        try
        {
            await slot.Adapters.RestoreAsync(loaded, _stopping.Token);
        }
        catch when (slot.Source.IsOwned)
        {
            await loaded.DisposeAsync();
            throw;
        }
    }

    private async Task<bool> TryMakeRoomAsync(ModelSlot wanted)
    {
        foreach (var slot in Slots.Where(slot => slot.Source.IsOwned).OrderByDescending(slot => slot.IdleTime))
        {
            if (slot.TryTake() is { } idle)
            {
                await UnloadAsync(slot, idle, $"{wanted.Name} needs its memory");
                return true;
            }
        }

        return false;
    }

    private long HeldOn(string device) => Slots
        .SelectMany(slot => slot.Model?.Language.Devices.AsEnumerable() ?? [])
        .Sum(held => held.Info.Id == device ? held.AllocatedBytes : 0);

    private void Open(ModelSlot slot, LanguageModel language)
    {
        var model = new ServedModel(language, slot.Name, slot.Adapters, _options.Value, slot.Source.Pooling, _processors);
        slot.Open(model);
        if (slot.Source.IsOwned && _options.Value.IdleUnload is { } most)
        {
            _ = UnloadWhenIdleAsync(slot, model, most);
        }
    }

    private async Task UnloadWhenIdleAsync(ModelSlot slot, ServedModel model, TimeSpan most)
    {
        var left = most;
        while (slot.Model == model)
        {
            await Task.Delay(left, _time, _stopping.Token);
            await TryUnloadIdleAsync(slot, model, most);
            left = most - slot.IdleTime is { Ticks: > 0 } rest ? rest : most;
        }
    }

    private async Task TryUnloadIdleAsync(ModelSlot slot, ServedModel model, TimeSpan most)
    {
        await _gate.WaitAsync(_stopping.Token);
        try
        {
            if (slot.Model == model && slot.IdleTime >= most && slot.TryTake() is not null)
            {
                await UnloadAsync(slot, model, $"it was idle for {most}");
            }
        }
        finally
        {
            _gate.Release();
        }
    }

    private async Task UnloadAsync(ModelSlot slot, ServedModel model, string reason)
    {
        _logger.Unloaded(slot.Name, reason);
        try
        {
            await model.Language.DisposeAsync();
        }
        catch (Exception exception)
        {
            // A device that has failed may refuse even this. A new one is opened for the next load.
            _logger.UnloadFailed(exception, slot.Name);
        }
    }
}
