using System.Threading.RateLimiting;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Options;
using Mistral.Ilgpu.Server.Errors;

namespace Mistral.Ilgpu.Server.Security;

/// <summary>Limits what each key may use in a minute. Without keys each address has a limit of its own.</summary>
internal sealed class KeyLimits : IDisposable
{
    private const string KeyItem = "Mistral.Ilgpu.Server.Key";

    // Limits refill by a sixtieth each second.
    private const int Parts = 60;

    private readonly PartitionedRateLimiter<string>? _requests;
    private readonly PartitionedRateLimiter<string>? _tokens;
    private readonly int _mostTokens;

    public KeyLimits(IOptions<MistralServerOptions> options)
    {
        _requests = LimiterOf(options.Value.RequestsPerMinute);
        _tokens = LimiterOf(options.Value.TokensPerMinute);
        _mostTokens = options.Value.TokensPerMinute ?? 0;
    }

    /// <summary>Whose limits a request has.</summary>
    public static string PartitionOf(HttpContext context) =>
        context.Items[KeyItem] as string ?? context.Connection.RemoteIpAddress?.ToString() ?? "";

    /// <summary>Says whose request it is, and counts it.</summary>
    /// <param name="key">The key's name; null where none is needed.</param>
    /// <exception cref="ApiException">There were too many requests.</exception>
    public void Begin(HttpContext context, string? key)
    {
        context.Items[KeyItem] = key;
        Take(_requests, PartitionOf(context), 1, "requests a minute");
    }

    /// <summary>Counts the tokens of a prompt.</summary>
    /// <exception cref="ApiException">There were too many tokens.</exception>
    public void Take(HttpContext context, int tokens)
    {
        if (_tokens is not null && tokens > _mostTokens)
        {
            throw ApiException.TooMany(
                $"the prompt has {tokens} tokens, and the limit is {_mostTokens} a minute", TimeSpan.FromMinutes(1));
        }

        Take(_tokens, PartitionOf(context), tokens, "tokens a minute");
    }

    /// <summary>Counts the tokens of an answer, as far as the limit goes.</summary>
    public void Count(string partition, int tokens)
    {
        if (_tokens is not null)
        {
            int left = (int)(_tokens.GetStatistics(partition)?.CurrentAvailablePermits ?? 0);
            _tokens.AttemptAcquire(partition, Math.Min(tokens, left)).Dispose();
        }
    }

    public void Dispose()
    {
        _requests?.Dispose();
        _tokens?.Dispose();
    }

    private static void Take(PartitionedRateLimiter<string>? limiter, string partition, int count, string what)
    {
        using var lease = limiter?.AttemptAcquire(partition, count);
        if (lease is { IsAcquired: false })
        {
            var wait = lease.TryGetMetadata(MetadataName.RetryAfter, out var after) ? after : TimeSpan.FromSeconds(1);
            throw ApiException.TooMany($"too many {what}, expected fewer", wait);
        }
    }

    private static PartitionedRateLimiter<string>? LimiterOf(int? perMinute) => perMinute is not { } most
        ? null
        : PartitionedRateLimiter.Create<string, string>(partition => RateLimitPartition.GetTokenBucketLimiter(
            partition,
            _ => new TokenBucketRateLimiterOptions
            {
                TokenLimit = most,
                TokensPerPeriod = Math.Max(1, most / Parts),
                ReplenishmentPeriod = most >= Parts ? TimeSpan.FromSeconds(1) : TimeSpan.FromMinutes(1) / most,
                AutoReplenishment = true,
                QueueLimit = 0,
            }));
}
