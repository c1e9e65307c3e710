using System.Diagnostics;
using System.Globalization;
using Mistral.Ilgpu.Checkpoints;
using Mistral.Ilgpu.Cli.Output;
using Mistral.Ilgpu.Execution.Devices;
using Mistral.Ilgpu.Model;

namespace Mistral.Ilgpu.Cli.Loading;

/// <summary>A checkpoint on a device, opened as the options say, and telling people so.</summary>
internal sealed class LoadedModel : IDisposable
{
    private LoadedModel(Checkpoint checkpoint, ComputeDevice device, MistralModel model, TimeSpan loadTime) =>
        (Checkpoint, Device, Model, Text, LoadTime) = (checkpoint, device, model, new ModelText(model), loadTime);

    public Checkpoint Checkpoint { get; }

    public ComputeDevice Device { get; }

    public MistralModel Model { get; }

    /// <summary>The one text of commands that have but one at a time.</summary>
    public ModelText Text { get; }

    /// <summary>From nothing until the first pass could run.</summary>
    public TimeSpan LoadTime { get; }

    /// <summary>Of it, what kernels took that had to be compiled; zero where all were kept from an earlier run.</summary>
    public TimeSpan CompileTime => Model.CompiledKernels > 0 ? Model.KernelTime : TimeSpan.Zero;

    /// <param name="timed">As <see cref="ComputeDevice.Open"/> takes it.</param>
    public static LoadedModel Open(
        ModelSettings settings, Narrator narrator, bool allLogits, CancellationToken cancellation, bool timed = false)
    {
        var clock = Stopwatch.StartNew();
        Checkpoint? checkpoint = null;
        // A driver takes its time to load, and needs nothing of the checkpoint.
        var opening = Task.Run(
            () => ComputeDevice.Open(settings.Device, settings.DeviceOptions with { IsTimed = timed }), CancellationToken.None);
        try
        {
            checkpoint = Checkpoint.Open(settings.Model);
            // Read now, so that a damaged tokenizer is known before the weights are loaded.
            _ = checkpoint.Tokenizer;
            var read = clock.Elapsed;
            var device = opening.GetAwaiter().GetResult();
            var opened = clock.Elapsed;
            string reason = settings.Device == "auto" ? device.Info.Preference.Reason : "as asked";
            narrator.Say($"device {device.Info.Id}: {device.Info.Name} ({reason})");
            if (settings.Device == "auto" && device.Info.Kind == DeviceKind.Cpu)
            {
                foreach (string driver in DeviceCatalog.DriversWithoutDevices())
                {
                    narrator.Say($"{driver}");
                }
            }

            var options = settings.Options;
            var model = ProgressBar.OverLoading(
                narrator, $"loading {checkpoint.Name}", checkpoint.TotalBytes,
                (progress, kernels) => MistralModel.Load(checkpoint, device, options, progress, kernels, cancellation));
            model.OnCacheOverflow = reason => narrator.Say($"warning: {reason}: --kv-type bf16");
            if (device.Drawback is { } drawback)
            {
                narrator.Detail($"{drawback}");
            }

            device.OnDrawback = reason => narrator.Detail($"{reason}");

            var loaded = new LoadedModel(checkpoint, device, model, clock.Elapsed);
            string compiled = model.CompiledKernels == 0 ? "" : string.Create(
                CultureInfo.InvariantCulture,
                $", {model.CompiledKernels} kernels compiled in {Narrator.Seconds(loaded.CompileTime)}, once");
            narrator.Say(
                $"model {checkpoint.Name}: {ByteSize.Text(checkpoint.TotalBytes)} loaded in {
                    Narrator.Seconds(loaded.LoadTime - loaded.CompileTime)}{compiled}");
            narrator.Detail(
                $"checkpoint and tokenizer open after {read.TotalMilliseconds:n0} ms, the device after {
                    opened.TotalMilliseconds:n0} ms, kernels tested and weights loaded after {
                    loaded.LoadTime.TotalMilliseconds:n0} ms, {model.KernelTime.TotalMilliseconds:n0} ms of it for kernels");
            narrator.Detail(
                $"device memory {ByteSize.Text(device.AllocatedBytes)}, of it cache {ByteSize.Text(model.Cache.Bytes)}");
            return loaded;
        }
        catch
        {
            Release(opening);
            checkpoint?.Dispose();
            throw;
        }
    }

    // Waits for a device that is still being opened, whatever comes of it.
    private static void Release(Task<ComputeDevice> opening)
    {
        try
        {
            opening.GetAwaiter().GetResult().Dispose();
        }
        catch (DeviceException)
        {
            // What went wrong before is told instead.
        }
    }

    public void Dispose()
    {
        Model.Dispose();
        Device.Dispose();
        Checkpoint.Dispose();
    }
}
