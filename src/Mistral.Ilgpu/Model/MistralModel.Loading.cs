using System.Diagnostics;
using Mistral.Ilgpu.Checkpoints;
using Mistral.Ilgpu.Execution.Compilation;
using Mistral.Ilgpu.Execution.Devices;
using Mistral.Ilgpu.Model.Cache;
using Mistral.Ilgpu.Planning;

namespace Mistral.Ilgpu.Model;

/// <summary>Loads a model to a device, and fits it into the memory.</summary>
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
        ComputeDevice device,
        ModelOptions? options = null,
        IProgress<TensorProgress>? progress = null,
        IProgress<KernelProgress>? kernels = null,
        CancellationToken cancellation = default)
    {
        using var entered = device.Enter();
        options ??= new ModelOptions();
        // Before the device is tested, because the test takes seconds.
        // Beside other models, a server would rather unload one of them.
        var fitted = MemoryPlan.Require(
            checkpoint, options, device.Info, device.AvailableBytes, mayStream: !device.IsShared);
        var formats = checkpoint.Tensors.Values.Where(tensor => tensor.Rows > 1).Select(
            tensor => tensor.FormatAs(options.WeightType));
        var watch = device.NewWatch(kernels, cancellation);
        using var watching = device.Watching(watch);
        var clock = Stopwatch.StartNew();
        try
        {
            SelfTest.Run(device, formats, options.CacheType, options.Activations, cancellation);
            clock.Stop();
            var adapters = ReadAdapters(checkpoint, fitted, cancellation);
            var weights = ModelWeights.Load(
                device, checkpoint, fitted.Plan, options, fitted.Memory.Residency, progress, cancellation);
            clock.Start();
            return Build(checkpoint, device, fitted, weights, adapters, model =>
            {
                if (watch.Compiled > 0)
                {
                    model.PrepareRunner(cancellation);
                }

                (model.CompiledKernels, model.KernelTime) = (watch.Compiled, clock.Elapsed);
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
        ComputeDevice device,
        ModelOptions? options = null,
        IProgress<TensorProgress>? progress = null,
        CancellationToken cancellation = default)
    {
        options ??= new ModelOptions();
        var fitted = MemoryPlan.Require(checkpoint, options, device.Info, device.AvailableBytes);
        var adapters = ReadAdapters(checkpoint, fitted, cancellation);
        var weights = ModelWeights.Load(
            device, checkpoint, fitted.Plan, options, fitted.Memory.Residency, progress, cancellation);
        return Build(checkpoint, device, fitted, weights, adapters, _ => { });
    }

    // Before the weights, because a wrong adapter is then found sooner.
    private static (AdapterReader Reader, IReadOnlyList<IReadOnlyList<AdapterTerm>> Terms) ReadAdapters(
        Checkpoint checkpoint, (MemoryPlan Memory, ModelOptions Options, ModelPlan Plan) fitted, CancellationToken cancellation)
    {
        var reader = new AdapterReader(checkpoint, fitted.Plan, fitted.Options.CacheType);
        return (reader, [.. (fitted.Options.Adapters ?? []).Select(adapter => reader.Read(adapter, cancellation))]);
    }

    private static MistralModel Build(
        Checkpoint checkpoint, ComputeDevice device, (MemoryPlan Memory, ModelOptions Options, ModelPlan Plan) fitted,
        ModelWeights weights, (AdapterReader Reader, IReadOnlyList<IReadOnlyList<AdapterTerm>> Terms) adapters,
        Action<MistralModel> prepare)
    {
        MistralModel? model = null;
        try
        {
            var config = fitted.Options.Adapt(checkpoint.Config);
            model = new MistralModel(
                device, config, fitted.Options, fitted.Plan, fitted.Memory, weights, adapters.Reader,
                adapters.Terms) { Source = checkpoint.Location };
            prepare(model);
            return model;
        }
        catch
        {
            (model ?? (IDisposable)weights).Dispose();
            throw;
        }
    }

    // Compiles in advance, because compiling concurrently with the first text would take cores from it.
    private void PrepareRunner(CancellationToken cancellation)
    {
        if (Runner.Trials is not { Count: > 0 } positions)
        {
            return;
        }

        Runner.Prepare(cancellation);
        foreach (int position in positions)
        {
            TryOut(position);
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
        Runner.TryOut(Begin(batch));
        Device.Synchronize();
    }

    /// <summary>Device memory of passes in bytes, in addition to weights and cache.</summary>
    public static long PassBytes(DeviceInfo device, ModelPlan plan, ModelConfig config, ModelOptions options, int chunk) =>
        long.CreateSaturating(
            (Int128)Workspace.SizeInBytes(device, plan, config, options, options.RowsFor(chunk), options.LogitRowsFor(chunk))
            + RotatingKvCache.WorkBytes(config, options, options.RowsFor(chunk)));
}
