using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Mistral.Ilgpu.Server.Loading;
using Mistral.Ilgpu.Server.Security;
using Mistral.Ilgpu.Server.Watching;

namespace Mistral.Ilgpu.Server.Hosting;

/// <summary>Reads the keys and loads the first model before an application takes requests. Once it stops, lets texts end for a
/// while and then ends the rest with an error, so that no connection is cut.</summary>
internal sealed class ServerLifetime(
    ModelCatalog models, ModelResidence residence, ServerKeys keys, IHostApplicationLifetime lifetime,
    ILogger<ServedModel> logger) : IHostedService
{
    private CancellationTokenRegistration _registration;
    private Task _draining = Task.CompletedTask;

    public async Task StartAsync(CancellationToken cancellationToken)
    {
        keys.Load();
        _registration = lifetime.ApplicationStopping.Register(() => _draining = DrainAsync());
        await residence.StartAsync().WaitAsync(cancellationToken);
    }

    public async Task StopAsync(CancellationToken cancellationToken)
    {
        _registration.Dispose();
        await _draining.WaitAsync(cancellationToken).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
    }

    private async Task DrainAsync()
    {
        try
        {
            await residence.StopAsync(drain: true).WaitAsync(models.Options.Drain);
        }
        catch (TimeoutException)
        {
            logger.DrainOver(models.Slots.Sum(slot => slot.Status.Running + slot.Status.Waiting));
            await residence.StopAsync(drain: false);
        }
    }
}
