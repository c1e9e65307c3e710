using Microsoft.Extensions.Diagnostics.HealthChecks;

namespace Mistral.Ilgpu.Extensions.AI;

/// <summary>Tells whether a model's engine takes texts.</summary>
internal sealed class MistralHealthCheck(LanguageModel model) : IHealthCheck
{
    public Task<HealthCheckResult> CheckHealthAsync(HealthCheckContext context, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(context);
        var engine = model.Engine.Status;
        var health = engine.State switch
        {
            EngineState.Healthy => HealthStatus.Healthy,
            EngineState.Busy => HealthStatus.Degraded,
            _ => context.Registration.FailureStatus,
        };
        var data = new Dictionary<string, object>
        {
            ["model"] = model.Info.Name,
            ["device"] = model.Info.Device,
            ["state"] = $"{engine.State}",
            ["running"] = engine.Running,
            ["waiting"] = engine.Waiting,
            ["pass_ms"] = engine.PassTime.TotalMilliseconds,
        };
        string description = engine.State switch
        {
            EngineState.Healthy => "the engine takes texts",
            EngineState.Busy => $"{engine.Waiting} texts wait, as many as may",
            EngineState.Faulted => $"the engine has failed: {engine.Fault?.Message}",
            _ => "the engine is stopped",
        };
        return Task.FromResult(new HealthCheckResult(health, description, engine.Fault, data));
    }
}
