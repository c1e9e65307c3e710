using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;

namespace Mistral.Ilgpu.Extensions.AI;

/// <summary>Loads the model before a host has started, and stops its engine before the host has stopped.</summary>
internal sealed class MistralHostedService(IServiceProvider provider) : IHostedService
{
    private LanguageModel? _model;

    public async Task StartAsync(CancellationToken cancellationToken) => _model = await Task
        .Run(provider.GetRequiredService<LanguageModel>, cancellationToken).WaitAsync(cancellationToken).ConfigureAwait(false);

    /// <summary>Lets texts end until <paramref name="cancellationToken"/> is cancelled, and cancels the rest then.</summary>
    public async Task StopAsync(CancellationToken cancellationToken)
    {
        if (_model is null)
        {
            return;
        }

        try
        {
            await _model.Engine.StopAsync(drain: true).WaitAsync(cancellationToken).ConfigureAwait(false);
        }
        catch (OperationCanceledException) when (cancellationToken.IsCancellationRequested)
        {
            await _model.Engine.StopAsync(drain: false).ConfigureAwait(false);
        }
    }
}
