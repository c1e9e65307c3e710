using System.Diagnostics;
using Mistral.Ilgpu.Checkpoints;
using Mistral.Ilgpu.Execution.Compilation;
using Mistral.Ilgpu.Execution.Devices;
using Mistral.Ilgpu.Model.Cache;
using Mistral.Ilgpu.Planning;

namespace Mistral.Ilgpu.Model;

/// <summary>Loads a model to its devices, and fits it into their memory.</summary>
internal sealed partial class MistralModel
{
    /// <summary>Puts the checkpoint's weights on the device and builds the graph.</summary>
    /// <param name="kernels">Receives the progress of kernels that must be compiled first, from any thread. Not called if there
    /// are none.</param>
    /// <exception cref="ModelFileException">The checkpoint's weights are not usable.</exception>
    /// <exception cref="ModelMemoryException">The model does not fit the memory that the device has left.</exception>
    /// <exception cref="DeviceException">The device computes wrongly, or has less memory than it reports.</exception>
    /// <exception cref="OperationCanceledException">Cancelled between two kernels or between parts of the weights.</exception>
    public static MistralModel Load(
        Checkpoint checkpoint,
        DeviceList devices,
        ModelOptions? options = null,
        IProgress<TensorProgress>? progress = null,
        IProgress<KernelProgress>? kernels = null,
        CancellationToken cancellation = default)
    {
        using var entered = devices.Enter();
        options ??= new ModelOptions();
        // Before the devices are tested, because the test takes seconds.
        // Beside other models, a server would rather unload one of them.
        var fitted = MemoryPlan.Require(checkpoint, options, RoomOn(devices), mayStream: !devices.IsShared);
        string? spareReason = null;
        if (!devices.IsShared)
        {
            (fitted, spareReason) = SpareChoice.Of(checkpoint, devices, RoomOn(devices), options, fitted);
        }

        var formats = checkpoint.Tensors.Values.Where(tensor => tensor.Rows > 1).Select(
            tensor => tensor.FormatAs(options.WeightType));
        using var watch = new DeviceWatch(devices, kernels, cancellation);
        var clock = Stopwatch.StartNew();
        try
        {
            foreach (var part in fitted.Memory.Parts)
            {
                SelfTest.Run(devices[part.Room.Index], formats, options.CacheType, options.Activations, cancellation);
            }

            clock.Stop();
            var loaded = Read(checkpoint, devices, fitted, progress, cancellation);
            clock.Start();
            return Build(checkpoint, devices, fitted, loaded, model =>
            {
                if (watch.Compiled > 0)
                {
                    model.PrepareRunners(cancellation);
                }

                (model.CompiledKernels, model.KernelTime) = (watch.Compiled, clock.Elapsed);
                model.SpareReason = spareReason;
            });
        }
        // An interrupt of this process can also reach a compiler that the driver started. The failure is then a cancellation.
        catch (Exception exception) when (exception is not OperationCanceledException && cancellation.IsCancellationRequested)
        {
            throw new OperationCanceledException(exception.Message, exception, cancellation);
        }
    }

    /// <summary>
    /// Loads a model without a self-test. Kernels that can be compiled concurrently with the first text are not compiled in
    /// advance.
    /// </summary>
    internal static MistralModel LoadUntested(
        Checkpoint checkpoint,
        DeviceList devices,
        ModelOptions? options = null,
        IProgress<TensorProgress>? progress = null,
        CancellationToken cancellation = default)
    {
        var fitted = MemoryPlan.Require(checkpoint, options ?? new ModelOptions(), RoomOn(devices));
        return Build(checkpoint, devices, fitted, Read(checkpoint, devices, fitted, progress, cancellation), _ => { });
    }

    private static IReadOnlyList<DeviceRoom> RoomOn(DeviceList devices) =>
        [.. devices.Select((device, i) => new DeviceRoom(device.Info, device.AvailableBytes, i))];

    // Adapters before the weights, because a wrong adapter is then found sooner.
    private static IReadOnlyList<LoadedPart> Read(
        Checkpoint checkpoint, DeviceList devices, (MemoryPlan Memory, ModelOptions Options) fitted,
        IProgress<TensorProgress>? progress, CancellationToken cancellation)
    {
        var (memory, options) = fitted;
        List<LoadedPart> parts =
        [
            .. memory.Parts.Select(part =>
            {
                var reader = new AdapterReader(checkpoint, part.Plan, options.CacheType);
                return new LoadedPart(
                    devices[part.Room.Index], part, reader,
                    [.. (options.Adapters ?? []).Select(adapter => reader.Read(adapter, cancellation))]);
            }),
        ];
        var joined = progress is null ? null : new PartProgress(progress);
        try
        {
            foreach (var part in parts)
            {
                part.LoadWeights(checkpoint, options, joined, cancellation);
                joined?.Next();
            }

            return parts;
        }
        catch
        {
            parts.ForEach(part => part.Dispose());
            throw;
        }
    }

    private static MistralModel Build(
        Checkpoint checkpoint, DeviceList devices, (MemoryPlan Memory, ModelOptions Options) fitted,
        IReadOnlyList<LoadedPart> loaded, Action<MistralModel> prepare)
    {
        MistralModel? model = null;
        try
        {
            var (memory, options) = fitted;
            model = new MistralModel(devices, options.Adapt(checkpoint.Config), options, memory.Chunk, loaded)
            {
                Source = checkpoint.Location,
            };
            prepare(model);
            return model;
        }
        catch
        {
            foreach (var owner in model is null ? loaded : (IEnumerable<IDisposable>)[model])
            {
                owner.Dispose();
            }

            throw;
        }
    }

    // Compiles in advance, because compiling concurrently with the first text would take cores from it.
    private void PrepareRunners(CancellationToken cancellation)
    {
        ArriveAll();
        var positions = new HashSet<int>();
        foreach (var runner in _parts.Select(part => part.Runner))
        {
            if (runner.Trials is { Count: > 0 } trials)
            {
                runner.Prepare(cancellation);
                positions.UnionWith(trials);
            }
        }

        foreach (int position in positions.Order())
        {
            TryOut(position);
        }
    }

    /// <summary>Copies one of the weights that are not on their device yet, between passes. For any thread.</summary>
    /// <returns>Whether there are more.</returns>
    /// <exception cref="ModelFileException">The checkpoint's weights are not usable.</exception>
    /// <exception cref="OperationCanceledException">The load was cancelled.</exception>
    public bool Arrive()
    {
        using var entered = Enter();
        return Array.Exists(_parts, part => part.Arrive());
    }

    private void ArriveAll()
    {
        while (Arrive())
        {
        }
    }

    private void TryOut(int position)
    {
        // No text reaches this position.
        if (position >= (Context ?? int.MaxValue) || !_cache.Sequences.HasRoom(position + 1))
        {
            return;
        }

        using var sequence = TryOpen(maxTokens: position + 1)!;
        if (position > 0)
        {
            _cache.Sequences.Skip(sequence, position);
        }

        var batch = new Batch();
        batch.Decode(sequence, 0);
        Begin(batch);
        foreach (var part in _parts)
        {
            part.Runner.TryOut(BeginOn(part, batch));
        }

        Devices.Synchronize();
    }

    /// <summary>Device memory of passes in bytes, in addition to weights and cache.</summary>
    public static long PassBytes(DeviceInfo device, ModelPlan plan, ModelConfig config, ModelOptions options, int chunk) =>
        long.CreateSaturating(
            (Int128)Workspace.SizeInBytes(device, plan, config, options, options.RowsFor(chunk), options.LogitRowsFor(chunk))
            + RotatingKvCache.WorkBytes(config, options, options.RowsFor(chunk), plan.Caches));
}
