using System.CommandLine;
using System.Globalization;
using System.Text.Json;
using Mistral.Ilgpu.Cli.Options;
using Mistral.Ilgpu.Cli.Output;
using Mistral.Ilgpu.Execution.Devices;

namespace Mistral.Ilgpu.Cli.Commands;

/// <summary><c>mistral devices</c>: lists every device, its features, and the one that <c>auto</c> takes with the
/// reason.</summary>
internal static class DevicesCommand
{
    public static Command Create(Terminal terminal)
    {
        var threads = ModelSettingsOptions.ThreadsOption();
        var output = new OutputOptions();
        var command = new ExampleCommand(
            "devices", "Lists the devices, the features that each lacks, and the one that auto takes with the reason.",
            "mistral devices",
            "mistral devices --format json");
        command.Options.Add(threads);
        output.AddTo(command);
        command.SetAction(parse =>
        {
            var devices = DeviceCatalog.List(parse.GetValue(threads));
            var chosen = DeviceCatalog.Choose(devices, "auto");
            var without = DeviceCatalog.DriversWithoutDevices();
            if (output.IsJson(parse))
            {
                Json.WriteLine(terminal.Out, json => Write(json, devices, chosen, without));
            }
            else
            {
                WriteText(terminal, devices, chosen, without);
            }

            return ExitCode.Done;
        });
        return command;
    }

    private static void Write(
        Utf8JsonWriter json, IReadOnlyList<DeviceInfo> devices, DeviceInfo chosen, IReadOnlyList<string> without)
    {
        json.WriteStartObject();
        json.WriteString("auto", chosen.Id);
        json.WriteString("reason", chosen.Preference.Reason);
        json.WriteStartArray("devices");
        foreach (var device in devices)
        {
            json.WriteStartObject();
            json.WriteString("id", device.Id);
            json.WriteString("name", device.Name);
            json.WriteString("kind", Kind(device));
            json.WriteBoolean("gpu", device.IsGpu);
            json.WriteNumber("memory_bytes", device.MemoryBytes);
            json.WriteNumber("compute_units", device.ComputeUnits);
            json.WriteNumber("max_group_size", device.MaxGroupSize);
            json.WriteString("architecture", device.CudaArchitecture > 0 ? $"sm_{device.CudaArchitecture}" : null);
            json.WriteStrings("lacks", device.Lacks);
            json.WriteEndObject();
        }

        json.WriteEndArray();
        json.WriteStrings("drivers_without_devices", without);
        json.WriteEndObject();
    }

    private static void WriteText(
        Terminal terminal, IReadOnlyList<DeviceInfo> devices, DeviceInfo chosen, IReadOnlyList<string> without)
    {
        TextTable.Write(
            terminal,
            ["device", "name", "kind", "memory", "units", "group", "lacks"],
            devices.Select(device => new[]
            {
                device.Id,
                device.Name,
                Kind(device) + (device.IsGpu ? " GPU" : " on the CPU"),
                ByteSize.Text(device.MemoryBytes),
                device.ComputeUnits.ToString(CultureInfo.InvariantCulture),
                device.MaxGroupSize.ToString(CultureInfo.InvariantCulture),
                device.Lacks.IsEmpty ? "nothing" : string.Join(", ", device.Lacks),
            }));
        terminal.Out.Write($"auto takes {chosen.Id}: {chosen.Preference.Reason}\n");
        foreach (string driver in without)
        {
            terminal.Out.Write($"{driver}\n");
        }
    }

    private static string Kind(DeviceInfo device) => device.Kind switch
    {
        DeviceKind.Cuda => "CUDA",
        DeviceKind.OpenCl => "OpenCL",
        _ => "ILGPU",
    };
}
