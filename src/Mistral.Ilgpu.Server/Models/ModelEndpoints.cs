using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Hosting;
using Mistral.Ilgpu.Server.Errors;

namespace Mistral.Ilgpu.Server.Models;

/// <summary>What is served, and how it is.</summary>
internal sealed class ModelEndpoints(ServedModel model, IHostApplicationLifetime lifetime)
{
    /// <summary><c>GET /v1/models</c>.</summary>
    public Task ListAsync(HttpContext context) =>
        context.Response.WriteAsJsonAsync(new ModelList([.. Entries()]), ModelJson.Api.ModelList);

    /// <summary><c>GET /v1/models/NAME</c>.</summary>
    public Task FindAsync(HttpContext context)
    {
        string name = (string)context.Request.RouteValues["model"]!;
        _ = model.AdaptersOf(name);
        return context.Response.WriteAsJsonAsync(Entries().First(entry => entry.Id == name), ModelJson.Api.Entry);
    }

    /// <summary><c>GET /health</c>: whether the process is worth keeping. One whose device has failed is not.</summary>
    public Task HealthAsync(HttpContext context) => TellAsync(context, state => state == EngineState.Faulted);

    /// <summary><c>GET /ready</c>: whether a request would be taken now.</summary>
    public Task ReadyAsync(HttpContext context) => TellAsync(
        context, state => state != EngineState.Healthy || lifetime.ApplicationStopping.IsCancellationRequested);

    /// <summary><c>GET /version</c>.</summary>
    public static Task VersionAsync(HttpContext context) =>
        context.Response.WriteAsJsonAsync(ServerVersion.Current, ModelJson.Api.ServerVersion);

    private Task TellAsync(HttpContext context, Func<EngineState, bool> isWrong)
    {
        var engine = model.Language.Engine.Status;
        bool fails = isWrong(engine.State);
        if (fails)
        {
            context.Response.StatusCode = StatusCodes.Status503ServiceUnavailable;
        }

        string status = lifetime.ApplicationStopping.IsCancellationRequested ? "stopping" : engine.State switch
        {
            EngineState.Healthy => "ok",
            EngineState.Busy => "busy",
            EngineState.Faulted => "failed",
            _ => "stopped",
        };
        return context.Response.WriteAsJsonAsync(
            new ServerHealth(status, engine.Running, engine.Waiting), ModelJson.Api.ServerHealth);
    }

    private IEnumerable<ModelList.Entry> Entries() => model.Adapters.Keys
        .Select(name => EntryOf(name, model.Name)).Prepend(EntryOf(model.Name, parent: null));

    private ModelList.Entry EntryOf(string name, string? parent) =>
        new(name, model.Created, name, parent, model.Language.Info.Context);
}
