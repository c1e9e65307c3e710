using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Logging;
using Mistral.Ilgpu.Server.Errors;
using Mistral.Ilgpu.Server.Http;
using Mistral.Ilgpu.Server.Loading;
using Mistral.Ilgpu.Server.Watching;

namespace Mistral.Ilgpu.Server.Models;

/// <summary><c>POST /v1/load_lora_adapter</c> and <c>POST /v1/unload_lora_adapter</c>, as vLLM has them.</summary>
internal sealed class AdapterEndpoints(ModelCatalog models, ILogger<ServedModel> logger) : IDisposable
{
    private const string Name = "lora_name";
    private const string Path = "lora_path";

    // One at a time, so that no two take the same name.
    private readonly SemaphoreSlim _gate = new(1);

    public async Task LoadAsync(HttpContext context)
    {
        var (fields, _) = await RequestBody.ReadAsync(context, ModelJson.Api.LoadAdapterRequest, models.Options);
        string model = (SlotOf(fields.Model) ?? models.Slots[0]).Name;
        string name = Required(Name, fields.LoraName);
        var adapter = new LoraOptions(Required(Path, fields.LoraPath), fields.Scale ?? 1);
        if (!float.IsFinite(adapter.Scale))
        {
            throw ApiException.Wrong("scale", "a number beyond float32", "a number in float32");
        }

        using var lease = await models.LeaseAsync(context, model);
        await _gate.WaitAsync(context.RequestAborted);
        try
        {
            if (models.Slots.Any(slot => slot.Name == name || slot.Adapters.Names.ContainsKey(name)))
            {
                throw ApiException.Wrong(Name, $"'{name}', which is served", "another name");
            }

            await LoadAsync(lease.Model, name, adapter, context.RequestAborted);
        }
        finally
        {
            _gate.Release();
        }

        await context.Response.WriteAsync($"Success: LoRA adapter '{name}' added successfully.");
    }

    /// <summary>The answer does not wait for the texts that have the adapter, which end as they were asked.</summary>
    public async Task UnloadAsync(HttpContext context)
    {
        var (fields, _) = await RequestBody.ReadAsync(context, ModelJson.Api.UnloadAdapterRequest, models.Options);
        string name = Required(Name, fields.LoraName);
        IEnumerable<ModelSlot> slots = SlotOf(fields.Model) is { } one ? [one] : models.Slots;
        await _gate.WaitAsync(context.RequestAborted);
        try
        {
            var slot = slots.FirstOrDefault(slot => slot.Adapters.Names.ContainsKey(name)) ?? throw NotFound(name, slots);
            // A model that is not leased might go meanwhile.
            var model = slot.TryLease() ? slot.Model : null;
            _ = WatchAsync(name, slot.Adapters.UnloadAsync(model?.Language, name), model is null ? null : slot);
        }
        finally
        {
            _gate.Release();
        }

        await context.Response.WriteAsync($"Success: LoRA adapter '{name}' removed successfully.");
    }

    public void Dispose() => _gate.Dispose();

    private static async Task LoadAsync(ServedModel model, string name, LoraOptions adapter, CancellationToken cancellation)
    {
        try
        {
            await model.Adapters.LoadAsync(model.Language, name, adapter, cancellation);
        }
        catch (ArgumentException exception)
        {
            throw new ApiException(StatusCodes.Status400BadRequest, $"{Name}: {exception.Message}", Name);
        }
        catch (ModelFileException exception)
        {
            throw new ApiException(StatusCodes.Status400BadRequest, $"{Path}: {exception.Message}", Path);
        }
        catch (DeviceException exception) when (exception.IsOutOfMemory)
        {
            throw new ApiException(StatusCodes.Status507InsufficientStorage, exception.Message, Path, "out_of_memory");
        }
    }

    private async Task WatchAsync(string name, Task unloading, ModelSlot? leased)
    {
        try
        {
            await unloading;
        }
        catch (Exception exception)
        {
            logger.AdapterKept(exception, name);
        }
        finally
        {
            leased?.Release();
        }
    }

    // Null where none is named.
    private ModelSlot? SlotOf(string? name) => name is null ? null
        : models.Slots.FirstOrDefault(slot => slot.Name == name) ?? throw new ApiException(
            StatusCodes.Status404NotFound,
            $"model: found '{name}', expected {string.Join(" or ", models.Slots.Select(slot => slot.Name))}",
            "model", "model_not_found");

    private static ApiException NotFound(string name, IEnumerable<ModelSlot> slots)
    {
        string[] known = [.. slots.SelectMany(slot => slot.Adapters.Names.Keys)];
        return new ApiException(
            StatusCodes.Status404NotFound,
            $"{Name}: found '{name}', expected {(known.Length == 0 ? "none" : string.Join(" or ", known))}",
            Name, "model_not_found");
    }

    private static string Required(string field, string? value) => string.IsNullOrWhiteSpace(value)
        ? throw ApiException.Wrong(field, value is null ? "nothing" : "an empty text", "a text")
        : value;
}
