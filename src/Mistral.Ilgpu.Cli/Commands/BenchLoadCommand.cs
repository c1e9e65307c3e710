using System.CommandLine;
using System.Diagnostics;
using System.Globalization;
using Mistral.Ilgpu.Checkpoints;
using Mistral.Ilgpu.Cli.Benchmarks;
using Mistral.Ilgpu.Cli.Loading;
using Mistral.Ilgpu.Cli.Options;
using Mistral.Ilgpu.Cli.Output;
using Mistral.Ilgpu.Diagnostics.Measurement;
using Mistral.Ilgpu.Execution.Devices;
using Mistral.Ilgpu.Execution.Transfers;
using Mistral.Ilgpu.Model;

namespace Mistral.Ilgpu.Cli.Commands;

/// <summary>
/// <c>mistral bench load</c>: measures loading from the page cache to the device, and compares it with a copy of page-locked
/// memory.
/// </summary>
internal static class BenchLoadCommand
{
    public static Command Create(Terminal terminal)
    {
        var repetitions = ValueOptions.Count(
            "-r", "Repetitions after one that fills the page cache and compiles; 3 if not given.", 1);
        var model = new ModelSettingsOptions();
        var output = new OutputOptions();
        var command = new ExampleCommand(
            "load", "Measures how fast a model's weights are loaded to the device, compared with a copy from host memory.",
            "mistral bench load -m model.gguf -d cuda") { repetitions };
        model.AddTo(command);
        output.AddTo(command);
        command.SetAction(parse => Run(
            parse.GetValue(repetitions) ?? 3, model.Read(parse), output.Narrator(parse, terminal), output.IsJson(parse)));
        return command;
    }

    private static int Run(int repetitions, ModelSettings settings, Narrator narrator, bool isJson)
    {
        using var interrupts = new Interrupts(narrator.Terminal);
        using var checkpoint = Checkpoint.Open(settings.Model);
        using var device = ComputeDevice.Open(settings.Device, settings.DeviceOptions);
        narrator.Say($"device {device.Info.Id}: {device.Info.Name}");
        Load();
        double copy = HostCopy.Measure(device);
        narrator.Say($"a copy from the host reaches {copy / 1e9:0.0} GB/s");
        var speed = BenchSpeed.Of(
            [.. Enumerable.Range(0, repetitions).Select(_ => checkpoint.TotalBytes / Load().TotalSeconds / 1e9)]);
        double fraction = Math.Round(speed.Mean * 1e9 / copy, 4);
        if (isJson)
        {
            Json.WriteLine(narrator.Terminal.Out, json =>
            {
                json.WriteStartObject();
                json.WriteString("model", checkpoint.Name);
                json.WriteString("device", device.Info.Id);
                json.WriteNumber("bytes", checkpoint.TotalBytes);
                json.WriteStartObject("gb_per_second");
                json.WriteNumber("mean", speed.Mean);
                json.WriteNumber("sd", speed.Sd);
                json.WriteNumber("best", speed.Best);
                json.WriteEndObject();
                json.WriteNumber("copy_gb_per_second", Math.Round(copy / 1e9, 3));
                json.WriteNumber("limit_fraction", fraction);
                json.WriteEndObject();
            });
        }
        else
        {
            TextTable.Write(
                narrator.Terminal,
                ["model", "size", "device", "GB/s", "best", "copy from the host", "of it"],
                [[
                    checkpoint.Name, ByteSize.Text(checkpoint.TotalBytes), device.Info.Id,
                    Text($"{speed.Mean:0.0} ± {speed.Sd:0.0}"), Text($"{speed.Best:0.0}"),
                    Text($"{copy / 1e9:0.0}"), Text($"{fraction:0 %}"),
                ]]);
        }

        return ExitCode.Done;

        TimeSpan Load()
        {
            long begin = Stopwatch.GetTimestamp();
            using var model = MistralModel.Load(checkpoint, device, settings.Options, cancellation: interrupts.Token);
            device.Synchronize();
            return Stopwatch.GetElapsedTime(begin);
        }
    }

    private static string Text(FormattableString text) => text.ToString(CultureInfo.InvariantCulture);
}
