using System.Runtime.CompilerServices;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Mistral.Ilgpu.Observability;
using Mistral.Ilgpu.Server.Watching;
using OpenTelemetry;
using OpenTelemetry.Metrics;
using OpenTelemetry.Resources;
using OpenTelemetry.Trace;

namespace Mistral.Ilgpu.Cli.Hosting;

/// <summary>Sends a server's traces and metrics by OTLP, as OpenTelemetry's own variables say. Where none of them names an
/// endpoint, nothing of it is loaded.</summary>
internal static class OpenTelemetryExport
{
    private const string Prefix = "OTEL_EXPORTER_OTLP_";

    /// <exception cref="UsageException">A variable has a value that would be ignored.</exception>
    public static void Add(IServiceCollection services, IConfiguration configuration)
    {
        if (bool.TryParse(configuration["OTEL_SDK_DISABLED"], out bool isDisabled) && isDisabled)
        {
            return;
        }

        if (HasEndpoint(configuration, "TRACES_"))
        {
            AddTraces(services);
        }

        if (HasEndpoint(configuration, "METRICS_"))
        {
            AddMetrics(services);
        }
    }

    // A variable of one signal goes before that of all.
    private static bool HasEndpoint(IConfiguration configuration, string signal)
    {
        bool hasEndpoint = false;
        foreach (string name in (string[])[Prefix, Prefix + signal])
        {
            string? endpoint = configuration[name + "ENDPOINT"];
            if (!string.IsNullOrEmpty(endpoint))
            {
                hasEndpoint = Uri.TryCreate(endpoint, UriKind.Absolute, out var uri) && uri.Scheme is "http" or "https"
                    ? true
                    : throw new UsageException(
                        $"{name}ENDPOINT: found '{endpoint}', expected a URL such as http://127.0.0.1:4317");
            }

            if (configuration[name + "PROTOCOL"] is { } protocol and not ("" or "grpc" or "http/protobuf"))
            {
                throw new UsageException($"{name}PROTOCOL: found '{protocol}', expected grpc or http/protobuf");
            }
        }

        return hasEndpoint;
    }

    [MethodImpl(MethodImplOptions.NoInlining)]
    private static void AddTraces(IServiceCollection services) => Begin(services).WithTracing(traces => traces
        .AddSource(Telemetry.Name)
        .AddAspNetCoreInstrumentation()
        .AddOtlpExporter());

    [MethodImpl(MethodImplOptions.NoInlining)]
    private static void AddMetrics(IServiceCollection services) => Begin(services).WithMetrics(metrics => metrics
        .AddMeter(ServerMetrics.Meters)
        .AddOtlpExporter());

    // What the variables say of the service goes before what is said here.
    private static OpenTelemetryBuilder Begin(IServiceCollection services) => services.AddOpenTelemetry()
        .ConfigureResource(resource => resource
            .Clear()
            .AddService("mistral", autoGenerateServiceInstanceId: true)
            .AddTelemetrySdk()
            .AddEnvironmentVariableDetector());
}
