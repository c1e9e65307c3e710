using System.Diagnostics;
using Mistral.Ilgpu.Checkpoints;
using Mistral.Ilgpu.Execution;
using Mistral.Ilgpu.Model.Cache;

namespace Mistral.Ilgpu.Model;

/// <summary>How a model comes to a device, and what of it fits there.</summary>
public sealed partial class MistralModel
{
    /// <summary>Puts the checkpoint's weights on the device and builds the graph.</summary>
    /// <param name="kernels">Is told how far kernels are that must be compiled first, from any thread; not at all if none must.</param>
    /// <exception cref="ModelFileException">The checkpoint's weights are not usable.</exception>
    /// <exception cref="DeviceException">The model does not fit the device, or the device computes wrongly.</exception>
    /// <exception cref="OperationCanceledException">Cancelled: between two kernels, or between parts of the weights.</exception>
    public static MistralModel Load(
        Checkpoint checkpoint,
        Device device,
        ModelOptions? options = null,
        IProgress<TensorProgress>? progress = null,
        IProgress<KernelProgress>? kernels = null,
        CancellationToken cancellation = default)
    {
        options ??= new ModelOptions();
        var formats = checkpoint.Tensors.Values.Where(tensor => tensor.Rows > 1).Select(tensor => tensor.FormatAs(options.WeightType));
        var watch = device.NewWatch(kernels, cancellation);
        using var watching = device.Watching(watch);
        var clock = Stopwatch.StartNew();
        try
        {
            SelfTest.Run(device, formats, options.CacheType, options.Activations, cancellation);
            clock.Stop();
            var weights = ModelWeights.Load(device, checkpoint, options, progress, cancellation);
            clock.Start();
            return Build(checkpoint, device, options, weights, model =>
            {
                if (watch.Compiled > 0)
                {
                    model.PrepareChains(cancellation);
                }

                (model.CompiledKernels, model.KernelTime) = (watch.Compiled, clock.Elapsed);
            });
        }
        // What interrupts this process may have interrupted the compiler that its driver started too, and that is not the driver's fault.
        catch (Exception exception) when (exception is not OperationCanceledException && cancellation.IsCancellationRequested)
        {
            throw new OperationCanceledException(exception.Message, exception, cancellation);
        }
    }

    internal static MistralModel LoadUntested(
        Checkpoint checkpoint, Device device, ModelOptions options, IProgress<TensorProgress>? progress, CancellationToken cancellation) =>
        Build(checkpoint, device, options, ModelWeights.Load(device, checkpoint, options, progress, cancellation), _ => { });

    private static MistralModel Build(Checkpoint checkpoint, Device device, ModelOptions options, ModelWeights weights, Action<MistralModel> prepare)
    {
        MistralModel? model = null;
        try
        {
            model = new MistralModel(device, options.Adapt(checkpoint.Config), options, weights);
            prepare(model);
            return model;
        }
        catch
        {
            (model ?? (IDisposable)weights).Dispose();
            throw;
        }
    }

    // Compiling chains beside the first text would take the cores from it.
    private void PrepareChains(CancellationToken cancellation)
    {
        if (Chains is not { AreWanted: true })
        {
            return;
        }

        Chains.Prepare(cancellation);
        TryOutChains(0);
        if (Chains.FirstSplitPosition is { } position)
        {
            TryOutChains(position);
        }
    }

    private void TryOutChains(int position)
    {
        // No text comes so far.
        if (position >= (Context ?? int.MaxValue) || !_cache.HasRoom(position + 1))
        {
            return;
        }

        using var sequence = TryOpen(maxTokens: position + 1)!;
        if (position > 0)
        {
            _cache.Skip(sequence, position);
        }

        var batch = new Batch();
        batch.Decode(sequence, 0);
        Chains!.TryOut(Begin(batch));
        Device.Synchronize();
    }

    /// <summary>The context that a model gets with these options.</summary>
    public static int? ContextOf(ModelConfig config, ModelOptions options)
    {
        bool windowed = Enumerable.Range(0, config.LayerCount).All(layer => config.WindowOf(layer) is not null);
        return options.Context ?? (windowed ? null : Math.Min(config.MaxPositions, ModelOptions.DefaultContext));
    }

    // What was not asked for in so many words gives way to the memory there is: first the chunk, then the cache of many texts, which
    // then wait for each other.
    private static (ModelOptions Options, int Chunk) Fit(Device device, ModelConfig config, ModelOptions options)
    {
        const int Least = 16;
        long one = RotatingKvCache.BytesFor(config, options with { Sequences = 1 });
        int chunk = options.ChunkOn(device.Info);
        while (options.Chunk is null && chunk > Least && one + PassBytes(device.Info, config, options, chunk) > device.AvailableBytes)
        {
            chunk /= 2;
        }

        long left = Math.Max(one, device.AvailableBytes - PassBytes(device.Info, config, options, chunk));
        return (options.CacheBytes is null && left < RotatingKvCache.FullBytes(config, options) ? options with { CacheBytes = left } : options, chunk);
    }

    /// <summary>Device bytes that passes work on, beside weights and cache.</summary>
    public static long PassBytes(DeviceInfo device, ModelConfig config, ModelOptions options, int chunk) =>
        Workspace.SizeInBytes(device, config, options, options.RowsFor(chunk), options.LogitRowsFor(chunk))
            + RotatingKvCache.WorkBytes(config, options, options.RowsFor(chunk));
}
