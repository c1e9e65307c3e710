using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Hosting;
using Mistral.Ilgpu.Server.Loading;

namespace Mistral.Ilgpu.Server.Models;

/// <summary>What is served, and how it is.</summary>
internal sealed class ModelEndpoints(ModelCatalog models, IHostApplicationLifetime lifetime)
{
    /// <summary><c>GET /v1/models</c>.</summary>
    public Task ListAsync(HttpContext context) => context.Response.WriteAsJsonAsync(
        new ModelList([.. models.Slots.SelectMany(EntriesOf)]), ModelJson.Api.ModelList);

    /// <summary><c>GET /v1/models/NAME</c>.</summary>
    public Task FindAsync(HttpContext context)
    {
        string name = (string)context.Request.RouteValues["model"]!;
        return context.Response.WriteAsJsonAsync(
            EntriesOf(models.Find(name)).First(entry => entry.Id == name), ModelJson.Api.Entry);
    }

    /// <summary><c>GET /health</c>: whether the process is worth keeping. One whose device has failed is not, but one of several
    /// models that has failed is loaded again.</summary>
    public Task HealthAsync(HttpContext context) => TellAsync(context, state => state == EngineState.Faulted);

    /// <summary><c>GET /ready</c>: whether a request would be taken now, by one of the models.</summary>
    public Task ReadyAsync(HttpContext context) => TellAsync(
        context, state => state != EngineState.Healthy || lifetime.ApplicationStopping.IsCancellationRequested);

    /// <summary><c>GET /version</c>.</summary>
    public static Task VersionAsync(HttpContext context) =>
        context.Response.WriteAsJsonAsync(ServerVersion.Current, ModelJson.Api.ServerVersion);

    private Task TellAsync(HttpContext context, Func<EngineState, bool> isWrong)
    {
        var engines = models.Slots.Select(slot => (slot.Name, IsLoaded: slot.Model is not null, slot.Status)).ToList();
        var best = engines.Min(engine => engine.Status.State);
        if (isWrong(best))
        {
            context.Response.StatusCode = StatusCodes.Status503ServiceUnavailable;
        }

        return context.Response.WriteAsJsonAsync(
            new ServerHealth(
                lifetime.ApplicationStopping.IsCancellationRequested ? "stopping" : Word(best),
                engines.Sum(engine => engine.Status.Running), engines.Sum(engine => engine.Status.Waiting),
                engines is [_] ? null : engines.ToDictionary(
                    engine => engine.Name, engine => engine.IsLoaded ? Word(engine.Status.State) : "unloaded")),
            ModelJson.Api.ServerHealth);
    }

    // From the best to the worst.
    private static string Word(EngineState state) => state switch
    {
        EngineState.Healthy => "ok",
        EngineState.Busy => "busy",
        EngineState.Faulted => "failed",
        _ => "stopped",
    };

    private static IEnumerable<ModelList.Entry> EntriesOf(ModelSlot model) => model.Adapters.Names.Keys
        .Select(name => EntryOf(model, name, model.Name)).Prepend(EntryOf(model, model.Name, parent: null));

    private static ModelList.Entry EntryOf(ModelSlot model, string name, string? parent) =>
        new(name, model.Created, name, parent, model.Context);
}
