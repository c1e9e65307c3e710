using System.Text.Json;
using Mistral.Ilgpu.Cli.Loading;
using Mistral.Ilgpu.Cli.Output;
using Mistral.Ilgpu.Diagnostics.Measurement;
using Mistral.Ilgpu.Diagnostics.Profiling;
using Mistral.Ilgpu.Planning;

namespace Mistral.Ilgpu.Cli.Commands;

/// <summary>The JSON of <c>mistral profile</c>.</summary>
internal static class ProfileJson
{
    public static void Write(Utf8JsonWriter json, ModelProfile profile, ModelLimits limits, LoadedModel loaded, bool byLayer)
    {
        json.WriteStartObject();
        json.WriteString("model", loaded.Checkpoint.Name);
        json.WriteString("device", loaded.Devices.Id);
        json.WriteStartObject("limits");
        json.WriteRate("gb_per_second", limits.Fastest.BytesPerSecond);
        json.WriteRate("gflop_per_second", limits.Fastest.OperationsPerSecond);
        json.WriteEndObject();
        WriteTimes(json, profile.Whole);
        json.WriteMilliseconds("unprofiled_ms", profile.UnprofiledTime);
        json.WriteStartArray("phases");
        foreach (var phase in profile.Phases)
        {
            json.WriteStartObject();
            json.WriteString("phase", phase.Name);
            WriteTimes(json, phase);
            json.WriteStartArray("steps");
            foreach (var step in phase.Steps(byLayer))
            {
                Write(json, step, limits.Devices[step.Device]);
            }

            json.WriteEndArray();
            json.WriteEndObject();
        }

        json.WriteEndArray();
        json.WriteEndObject();
    }

    private static void WriteTimes(Utf8JsonWriter json, PhaseProfile phase)
    {
        json.WriteNumber("passes", phase.Passes.Count);
        json.WriteNumber("tokens", phase.Passes.Sum(pass => pass.Pass.TokenCount));
        json.WriteMilliseconds("wall_ms", phase.WallTime);
        json.WriteMilliseconds("kernel_ms", phase.KernelTime);
        json.WriteMilliseconds("gap_ms", phase.GapTime);
        json.WriteMilliseconds("host_ms", phase.HostTime);
        json.WriteNumber("explained", Math.Round(phase.Explained, 4));
    }

    private static void Write(Utf8JsonWriter json, StepSummary step, DeviceLimits limits)
    {
        json.WriteStartObject();
        json.WriteString("step", step.Name);
        json.WriteString("device", step.Device);
        json.WriteNumber("calls", step.Calls);
        json.WriteNumber("median_us", Math.Round(step.Median.TotalMicroseconds, 1));
        json.WriteNumber("p95_us", Math.Round(step.P95.TotalMicroseconds, 1));
        json.WriteMilliseconds("total_ms", step.Time);
        json.WriteNumber("share", Math.Round(step.Share, 4));
        json.WriteNumber("bytes", step.Cost.Bytes);
        json.WriteNumber("operations", step.Cost.Operations);
        json.WriteRate("gb_per_second", step.BytesPerSecond);
        json.WriteRate("gflop_per_second", step.OperationsPerSecond);
        json.WriteNumber("copy_fraction", Math.Round(step.BytesPerSecond / limits.BytesPerSecond, 4));
        json.WriteNumber("product_fraction", Math.Round(step.OperationsPerSecond / limits.OperationsPerSecond, 4));
        json.WriteEndObject();
    }

    private static void WriteRate(this Utf8JsonWriter json, string name, double perSecond) =>
        json.WriteNumber(name, Math.Round(perSecond / 1e9, 3));
}
