using Microsoft.Extensions.Diagnostics.HealthChecks;
using Mistral.Ilgpu.Extensions.AI;
using Xunit;

namespace Mistral.Ilgpu.Tests.ExtensionsAI;

/// <summary>What an engine's state is to those who watch a program.</summary>
[Collection(nameof(TinyLanguageModelCollection))]
public sealed class HealthCheckTests(TinyLanguageModel tiny)
{
    [Theory]
    [InlineData(EngineState.Healthy, HealthStatus.Healthy, "the engine takes texts")]
    [InlineData(EngineState.Busy, HealthStatus.Degraded, "3 texts wait, as many as may")]
    [InlineData(EngineState.Faulted, HealthStatus.Unhealthy, "the engine has failed: no power")]
    [InlineData(EngineState.Stopped, HealthStatus.Unhealthy, "the engine is stopped")]
    public void Result_OfAnEngine_TellsItsState(EngineState state, HealthStatus health, string description)
    {
        var fault = state == EngineState.Faulted ? new InvalidOperationException("no power") : null;

        var result = MistralHealthCheck.ResultOf(
            new EngineStatus(state, Running: 2, Waiting: 3, TimeSpan.FromSeconds(1.5), fault), tiny.Model.Info,
            HealthStatus.Unhealthy);

        Assert.Equal((health, description), (result.Status, result.Description));
        Assert.Same(fault, result.Exception);
        Assert.Equal(
            [("device", "cpu"), ("model", "tiny"), ("pass_ms", 1500.0), ("running", 2), ("state", $"{state}"), ("waiting", 3)],
            result.Data.OrderBy(entry => entry.Key).Select(entry => (entry.Key, entry.Value)));
    }

    [Fact]
    public void Result_OfAFailure_IsWhatTheRegistrationSays() => Assert.Equal(
        HealthStatus.Degraded,
        MistralHealthCheck.ResultOf(
            new EngineStatus(EngineState.Stopped, 0, 0, TimeSpan.Zero, Fault: null), tiny.Model.Info,
            HealthStatus.Degraded).Status);
}
