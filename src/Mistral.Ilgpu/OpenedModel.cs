using System.Diagnostics;
using Mistral.Ilgpu.Checkpoints;
using Mistral.Ilgpu.Execution.Compilation;
using Mistral.Ilgpu.Execution.Devices;
using Mistral.Ilgpu.Model;

namespace Mistral.Ilgpu;

/// <summary>A model's files and devices, all open, before weights are loaded. Owns them until <see cref="Load"/>
/// succeeds.</summary>
internal sealed class OpenedModel : IDisposable
{
    private const string Auto = "auto";

    private readonly Stopwatch _clock;
    private bool _isOwner = true;

    private OpenedModel(Checkpoint checkpoint, DeviceList devices, string? reason, Stopwatch clock, TimeSpan readTime) =>
        (Checkpoint, Devices, DeviceReason, _clock, ReadTime, OpenTime) = (
            checkpoint, devices, reason, clock, readTime, clock.Elapsed);

    public Checkpoint Checkpoint { get; }

    public DeviceList Devices { get; }

    /// <summary>Why <c>auto</c> takes the device, if that depends on the model; null if it does not.</summary>
    public string? DeviceReason { get; }

    /// <summary>From the start until the files were checked.</summary>
    public TimeSpan ReadTime { get; }

    /// <summary>From the start until the devices were open too.</summary>
    public TimeSpan OpenTime { get; }

    /// <param name="model">As <see cref="Checkpoint.Open(string)"/> takes it.</param>
    /// <param name="devices">As <see cref="DeviceList.Open"/> takes them.</param>
    /// <param name="modelOptions">What <see cref="Load"/> will get. <c>auto</c> measures weights of their type.</param>
    public static OpenedModel Open(
        string model, string devices, DeviceOptions options, ModelOptions modelOptions, IReadOnlyList<long>? memoryLimits = null)
    {
        var clock = Stopwatch.StartNew();
        Checkpoint? checkpoint = null;
        // A driver takes its time to load, and needs nothing of the checkpoint.
        var opening = Task.Run(() => DeviceList.Open(devices, options, memoryLimits));
        try
        {
            checkpoint = Checkpoint.Open(model);
            // Read now, so that a damaged tokenizer is known before the weights are loaded.
            _ = checkpoint.Tokenizer;
            var read = clock.Elapsed;
            var opened = opening.GetAwaiter().GetResult();
            var chosen = devices == Auto ? CpuChoice.Of(checkpoint, opened[0], options, modelOptions) : null;
            if (chosen is { } choice && choice.Device != opened.Id)
            {
                opened.Dispose();
                opening = Task.FromResult(opened = DeviceList.Open(choice.Device, options, memoryLimits));
            }

            return new OpenedModel(checkpoint, opened, chosen?.Reason, clock, read);
        }
        catch
        {
            Release(opening);
            checkpoint?.Dispose();
            throw;
        }
    }

    /// <summary>Puts the weights on the devices and starts the engine. Files and devices are the model's then.</summary>
    /// <param name="maxWaiting">See <see cref="LanguageModelOptions.MaxWaiting"/>.</param>
    /// <param name="progress">See <see cref="MistralModel.Load"/>, as <paramref name="kernels"/>.</param>
    public LanguageModel Load(
        ModelOptions options, int maxWaiting, IProgress<TensorProgress>? progress, IProgress<KernelProgress>? kernels,
        CancellationToken cancellation)
    {
        var model = MistralModel.Load(Checkpoint, Devices, options, progress, kernels, cancellation);
        try
        {
            var loaded = new LanguageModel(Checkpoint, Devices, model, maxWaiting, _clock.Elapsed);
            _isOwner = false;
            return loaded;
        }
        catch
        {
            model.Dispose();
            throw;
        }
    }

    public void Dispose()
    {
        if (_isOwner)
        {
            Devices.Dispose();
            Checkpoint.Dispose();
        }
    }

    // Waits for devices that are still being opened.
    private static void Release(Task<DeviceList> opening)
    {
        try
        {
            opening.GetAwaiter().GetResult().Dispose();
        }
        catch (DeviceException)
        {
            // The failure before it is told instead.
        }
    }
}
