using ILGPU;
using ILGPU.Runtime;
using Mistral.Ilgpu.Execution.Buffers;
using Mistral.Ilgpu.Execution.Devices;
using Mistral.Ilgpu.Execution.Families;
using Mistral.Ilgpu.Execution.Passes;
using Mistral.Ilgpu.Execution.Transfers;
using Mistral.Ilgpu.Model.Streaming;
using Mistral.Ilgpu.Planning;

namespace Mistral.Ilgpu.Model;

/// <summary>
/// Consecutive layers of a model on one device: their steps, bound to weights, caches and activations there, and the runner of
/// these steps. A model on one device is one part. Each part takes the hidden states of a pass from the part before.
/// </summary>
internal sealed class ModelPart : IDisposable
{
    private readonly ModelWeights _weights;
    private readonly AdapterReader _adapterReader;
    private readonly AdaptedGraphs _adapted;
    private readonly BoundLaunches _launches = new();
    private readonly Border? _border;
    private readonly int _rows;

    // The runner of passes once all weights are on the device.
    private readonly IPassRunner? _resident;

    /// <param name="loaded">Its weights, which are not owned, and its adapters.</param>
    /// <param name="caches">The caches of all layers of the model.</param>
    /// <param name="before">The part before; null for the first.</param>
    /// <param name="chunk">The most tokens of a prompt in one pass.</param>
    public ModelPart(
        LoadedPart loaded, ModelConfig config, ModelOptions options, IReadOnlyList<KvLayer> caches, ModelPart? before, int chunk)
    {
        var weights = loaded.Weights;
        (Device, Plan, Residency) = (loaded.Device, loaded.Memory.Plan, loaded.Memory.Residency);
        (_adapterReader, Transfers, _weights) = (loaded.Reader, weights.Transfers, weights);
        _rows = options.RowsFor(chunk);
        var family = Family.Of(Device);
        Workspace = new Workspace(Device, Plan, config, options, _rows, options.LogitRowsFor(chunk));
        try
        {
            if (before is not null)
            {
                _border = new Border(before.Device, before.Hidden, Device, Hidden);
            }

            var bound = new PlanMemory(Workspace.Activations, weights.Matrices, weights.Vectors)
            {
                Caches = caches, Frequencies = Workspace.Frequencies, Parts = Workspace.Parts, Chosen = Workspace.Chosen,
            };
            _adapted = new AdaptedGraphs(
                Device, Plan, bound, kernels => KernelSet.Of(Device, Workspace.State, options.Activations, kernels));
            var binder = new StepBinder(KernelSet.Of(Device, Workspace.State, options.Activations, _launches), bound);
            Graph = binder.Bind(Plan, _adapted.Of);
            Choose = Plan.Choice is { } choice ? binder.Bind(choice) : null;
            Streamed = Transfers is null ? null : new StreamedLayers(Transfers, Graph, Residency.Streamed);
            Direct = new DirectPasses(Device, Graph, family.OperationsAhead, Streamed);
            Runner = family.Runner(
                new BoundPlan(Device, Graph, Direct, Choose, Plan.Caches.Max(layer => layer.Window), Streamed));
            if (weights.Arrivals is { } arrivals)
            {
                _resident = Runner;
                Runner = new DirectPasses(Device, Graph, family.OperationsAhead, arrivals);
            }

            for (int index = 0; index < loaded.Adapters.Count; index++)
            {
                _adapted.Add(UploadAdapter(index, loaded.Adapters[index]));
            }
        }
        catch
        {
            Dispose();
            throw;
        }
    }

    public ComputeDevice Device { get; }

    /// <summary>The operations of the layers.</summary>
    public ModelPlan Plan { get; }

    /// <summary>Which layers keep their weights on the device.</summary>
    public Residency Residency { get; }

    /// <summary>Where the host keeps the others; null if all stay.</summary>
    public LayerKeeper? Keeper => _weights.Keeper;

    /// <summary>The transfers of the others; null if all stay.</summary>
    public LayerTransfers? Transfers { get; }

    /// <summary>Their gate; null if all stay.</summary>
    public StreamedLayers? Streamed { get; }

    /// <summary>The activations of passes.</summary>
    public Workspace Workspace { get; }

    public LayerGraph Graph { get; }

    /// <summary>Chooses tokens from the logits; null if the part does not compute logits.</summary>
    public Step? Choose { get; }

    /// <summary>Runs passes by launching steps one by one.</summary>
    public DirectPasses Direct { get; }

    /// <summary>The runner of passes.</summary>
    public IPassRunner Runner { get; set; }

    // The output of the last layer, which is also the input of the first.
    private Activation Hidden => Workspace.Activations[Plan.Hidden];

    /// <summary>Takes the hidden states from the part before, and uploads the counts, positions and ids of a pass.</summary>
    /// <exception cref="ModelFileException">Weights that are used in place are not there any more.</exception>
    /// <param name="adapters">See <see cref="Pass.Adapters"/>.</param>
    public Pass Begin(Batch batch, ulong adapters)
    {
        _weights.Check();
        _border?.Cross(batch.TokenCount);
        var pass = Workspace.Upload(batch);
        pass.Adapters = adapters;
        return pass;
    }

    /// <summary>Copies one of the matrices that are not on the device yet.</summary>
    /// <returns>Whether there are more.</returns>
    public bool Arrive()
    {
        _weights.Arrivals?.CopyNext();
        return !HasArrived();
    }

    /// <summary>Whether all weights are on the device. Passes are then as if they had always been.</summary>
    public bool HasArrived()
    {
        if (_weights.Arrivals is { AreComplete: true })
        {
            _weights.EndArrivals();
            Runner = _resident!;
        }

        return _weights.Arrivals is null;
    }

    /// <summary>Compiles the steps of passes with adapters.</summary>
    public void Bind(ulong adapters)
    {
        _ = Graph.With(adapters);
        Device.LoadBound();
    }

    /// <summary>Reads what an adapter adds to the layers' products.</summary>
    /// <exception cref="ModelFileException">The adapter is missing, damaged, or does not fit the model.</exception>
    public IReadOnlyList<AdapterTerm> ReadAdapter(LoraOptions options, CancellationToken cancellation) =>
        _adapterReader.Read(options, cancellation);

    /// <exception cref="DeviceException">The device has less memory left.</exception>
    public AdapterWeights UploadAdapter(int index, IReadOnlyList<AdapterTerm> terms) => new(Device, index, terms, _rows);

    /// <summary>Compiles the kernels of passes with an adapter. Passes may run meanwhile.</summary>
    public void Compile(AdapterWeights adapter, CancellationToken cancellation) => _adapted.Compile(adapter, cancellation);

    public void Add(AdapterWeights adapter) => _adapted.Add(adapter);

    /// <summary>Frees an adapter that no text has.</summary>
    public void RemoveAdapter(int index)
    {
        Device.Synchronize();
        Runner.Forget(1UL << index);
        _adapted.Remove(index);
    }

    /// <summary>Copies a vector of weights to the host.</summary>
    public float[] Read(VectorPlan plan)
    {
        var values = new float[plan.Length];
        _weights.Vectors[plan].SubView(0, values.Length).CopyToCPU(Device.Stream, values);
        return values;
    }

    public void Dispose()
    {
        Runner?.Dispose();
        _resident?.Dispose();
        _adapted?.Dispose();
        _launches.Dispose();
        _border?.Dispose();
        Workspace.Dispose();
    }
}
