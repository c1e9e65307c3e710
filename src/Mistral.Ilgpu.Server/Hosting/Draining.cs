using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Mistral.Ilgpu.Server.Security;
using Mistral.Ilgpu.Server.Watching;

namespace Mistral.Ilgpu.Server.Hosting;

/// <summary>Reads the keys before an application takes requests. Once it stops, lets texts end for a while and then ends the rest
/// with an error, so that no connection is cut.</summary>
internal sealed class Draining(
    ServedModel model, ApiKeys keys, IHostApplicationLifetime lifetime, ILogger<ServedModel> logger) : IHostedService
{
    private CancellationTokenRegistration _registration;

    public Task StartAsync(CancellationToken cancellationToken)
    {
        keys.Load();
        _registration = lifetime.ApplicationStopping.Register(() => _ = DrainAsync());
        return Task.CompletedTask;
    }

    public Task StopAsync(CancellationToken cancellationToken)
    {
        _registration.Dispose();
        return Task.CompletedTask;
    }

    private async Task DrainAsync()
    {
        var engine = model.Language.Engine;
        try
        {
            await engine.StopAsync(drain: true).WaitAsync(model.Options.Drain);
        }
        catch (TimeoutException)
        {
            var status = engine.Status;
            logger.DrainOver(status.Running + status.Waiting);
            await engine.StopAsync(drain: false);
        }
    }
}
