using Microsoft.Extensions.Diagnostics.HealthChecks;

namespace Mistral.Ilgpu.Extensions.AI;

/// <summary>Tells whether a model's engine takes texts.</summary>
internal sealed class MistralHealthCheck(LanguageModel model) : IHealthCheck
{
    public Task<HealthCheckResult> CheckHealthAsync(HealthCheckContext context, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(context);
        return Task.FromResult(ResultOf(model.Engine.Status, model.Info, context.Registration.FailureStatus));
    }

    /// <param name="failure">What a failed or stopped engine is.</param>
    internal static HealthCheckResult ResultOf(EngineStatus engine, ModelInfo model, HealthStatus failure)
    {
        var (health, description) = engine.State switch
        {
            EngineState.Healthy => (HealthStatus.Healthy, "the engine takes texts"),
            EngineState.Busy => (HealthStatus.Degraded, $"{engine.Waiting} texts wait, as many as may"),
            EngineState.Faulted => (failure, $"the engine has failed: {engine.Fault?.Message}"),
            _ => (failure, "the engine is stopped"),
        };
        var data = new Dictionary<string, object>
        {
            ["model"] = model.Name,
            ["device"] = model.Device,
            ["state"] = $"{engine.State}",
            ["running"] = engine.Running,
            ["waiting"] = engine.Waiting,
            ["pass_ms"] = engine.PassTime.TotalMilliseconds,
        };
        return new HealthCheckResult(health, description, engine.Fault, data);
    }
}
