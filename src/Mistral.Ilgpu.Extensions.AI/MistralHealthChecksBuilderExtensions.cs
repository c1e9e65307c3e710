using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Diagnostics.HealthChecks;

namespace Mistral.Ilgpu.Extensions.AI;

/// <summary>Adds the model's health to a program's checks.</summary>
public static class MistralHealthChecksBuilderExtensions
{
    /// <summary>
    /// Adds a check of the model's <see cref="Engine"/>: healthy where it takes texts, degraded where its queue is full,
    /// unhealthy where it has failed or is stopped. It tells how many texts run and wait, and how long the present pass has
    /// run.
    /// </summary>
    /// <param name="builder">The checks.</param>
    /// <param name="name">The check's name.</param>
    /// <param name="failureStatus">What a failed or stopped engine is; null for unhealthy.</param>
    /// <param name="tags">Choose among checks.</param>
    /// <param name="timeout">How long a check may take; null for any time.</param>
    /// <returns>The checks.</returns>
    public static IHealthChecksBuilder AddMistral(
        this IHealthChecksBuilder builder, string name = "mistral", HealthStatus? failureStatus = null,
        IEnumerable<string>? tags = null, TimeSpan? timeout = null)
    {
        ArgumentNullException.ThrowIfNull(builder);
        return builder.Add(new HealthCheckRegistration(
            name, provider => new MistralHealthCheck(provider.GetRequiredService<LanguageModel>()), failureStatus, tags,
            timeout));
    }
}
