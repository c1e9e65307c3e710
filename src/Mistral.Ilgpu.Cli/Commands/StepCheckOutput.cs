using System.Globalization;
using System.Text.Json;
using Mistral.Ilgpu.Cli.Loading;
using Mistral.Ilgpu.Cli.Output;
using Mistral.Ilgpu.Diagnostics.Profiling;
using Mistral.Ilgpu.Execution.Devices;
using Mistral.Ilgpu.Execution.Passes;
using Mistral.Ilgpu.Planning;

namespace Mistral.Ilgpu.Cli.Commands;

/// <summary>Writes the result of <c>mistral profile --check</c>.</summary>
internal static class StepCheckOutput
{
    public static string Text(StepDifference difference, DeviceList devices) => string.Create(
        CultureInfo.InvariantCulture,
        $"device {devices.Id} ({devices.Name}): step {difference.Step} differs first, at {difference.Pass}, row {difference.Row}: "
        + $"error {difference.Error:g3}, expected at most {difference.Tolerance}");

    public static void WriteTable(Terminal terminal, StepCheckResult result) => TextTable.Write(
        terminal, ["step", "worst error"],
        result.WorstErrors
            .Select(step => (IReadOnlyList<string>)[step.Key, step.Value.ToString("g3", CultureInfo.InvariantCulture)]));

    public static void Write(Utf8JsonWriter json, StepCheckResult result, LoadedModel loaded)
    {
        json.WriteStartObject();
        json.WriteString("model", loaded.Checkpoint.Name);
        json.WriteString("device", loaded.Devices.Id);
        json.WriteNumber("tolerance", result.First?.Tolerance ?? StepCheck.Tolerance);
        json.WriteNumber("passes", result.Passes);
        json.WriteStartObject("worst_errors");
        foreach (var (step, error) in result.WorstErrors)
        {
            json.WriteNumber(step, error);
        }

        json.WriteEndObject();
        if (result.First is { } first)
        {
            json.WriteStartObject("first_difference");
            json.WriteString("step", first.Step);
            json.WriteString("pass", first.Pass);
            json.WriteNumber("row", first.Row);
            json.WriteOptional("error", double.IsFinite(first.Error) ? first.Error : null);
            json.WriteEndObject();
        }
        else
        {
            json.WriteNull("first_difference");
        }

        json.WriteEndObject();
    }
}
