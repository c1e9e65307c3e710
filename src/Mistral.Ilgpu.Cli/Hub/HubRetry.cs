using System.Net;
using Polly;
using Polly.Retry;

namespace Mistral.Ilgpu.Cli.Hub;

/// <summary>Tries again what may succeed later: a busy or failing server, a dropped or silent connection.</summary>
internal static class HubRetry
{
    private static readonly TimeSpan MostDelay = TimeSpan.FromMinutes(1);

    public static ResiliencePipeline Create(HubSettings settings) => new ResiliencePipelineBuilder()
        .AddRetry(new RetryStrategyOptions
        {
            ShouldHandle = new PredicateBuilder().Handle<TransientException>(),
            MaxRetryAttempts = settings.Retries,
            BackoffType = DelayBackoffType.Exponential,
            UseJitter = true,
            Delay = settings.RetryDelay,
            MaxDelay = MostDelay,
            DelayGenerator = static arguments => ValueTask.FromResult(
                (arguments.Outcome.Exception as TransientException)?.RetryAfter is { } after && after < MostDelay ? after
                : (TimeSpan?)null),
        })
        .Build();

    public static bool IsTransient(HttpStatusCode status) =>
        status is HttpStatusCode.RequestTimeout or HttpStatusCode.TooManyRequests or >= HttpStatusCode.InternalServerError;
}
