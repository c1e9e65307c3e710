using Mistral.Ilgpu.Execution.Buffers;
using Mistral.Ilgpu.Execution.Devices;
using Mistral.Ilgpu.Execution.Families;
using Mistral.Ilgpu.Execution.Passes;
using Mistral.Ilgpu.Planning;

namespace Mistral.Ilgpu.Model;

/// <summary>
/// The adapters on a model's device, and the bound steps for each set of them that a pass has had. Steps of one set do not depend
/// on other adapters, so that none changes what the texts of another compute. Owns the memory of adapters. For one thread at a
/// time, except <see cref="Compile"/>.
/// </summary>
/// <param name="kernels">Creates the kernels of steps; the argument binds them.</param>
internal sealed class AdaptedGraphs(
    ComputeDevice device, ModelPlan plan, PlanMemory memory, Func<IKernelBinder, KernelSet> kernels) : IDisposable
{
    private readonly List<AdapterWeights> _adapters = [];
    private readonly Dictionary<ulong, (LayerGraph Graph, BoundLaunches Launches)> _graphs = [];

    /// <summary>The steps of passes with these adapters.</summary>
    /// <param name="mask">See <see cref="Pass.Adapters"/>.</param>
    public LayerGraph Of(ulong mask)
    {
        if (!_graphs.TryGetValue(mask, out var bound))
        {
            bound.Launches = new BoundLaunches();
            try
            {
                bound.Graph = Bind(
                    new DeviceBinder(device, bound.Launches), [.. _adapters.Where(adapter => (mask >> adapter.Index & 1) != 0)]);
                device.LoadBound();
            }
            catch
            {
                bound.Launches.Dispose();
                throw;
            }

            _graphs.Add(mask, bound);
        }

        return bound.Graph;
    }

    /// <summary>Compiles the kernels of passes with an adapter that is not yet added. Passes may run meanwhile.</summary>
    /// <exception cref="OperationCanceledException">Cancelled between two kernels.</exception>
    public void Compile(AdapterWeights adapter, CancellationToken cancellation)
    {
        var compiler = new KernelCompiler(device);
        Bind(compiler, [adapter]);
        compiler.Wait(cancellation);
    }

    public void Add(AdapterWeights adapter) => _adapters.Add(adapter);

    /// <summary>Frees an adapter, and the steps of all sets that it is in.</summary>
    public void Remove(int index)
    {
        foreach (var (mask, bound) in _graphs.Where(pair => (pair.Key >> index & 1) != 0).ToList())
        {
            _graphs.Remove(mask);
            bound.Launches.Dispose();
        }

        int at = _adapters.FindIndex(adapter => adapter.Index == index);
        _adapters[at].Dispose();
        _adapters.RemoveAt(at);
    }

    public void Dispose()
    {
        foreach (var (_, launches) in _graphs.Values)
        {
            launches.Dispose();
        }

        _adapters.ForEach(adapter => adapter.Dispose());
    }

    private LayerGraph Bind(IKernelBinder binder, IReadOnlyList<AdapterWeights> adapters)
    {
        var matrices = memory.Matrices.ToDictionary(pair => pair.Key, pair => new WeightMatrix(
            pair.Value.Name, pair.Value.Bands, [.. adapters.SelectMany(adapter => adapter.Updates[pair.Key])]));
        return new StepBinder(kernels(binder), memory with { Matrices = matrices }).Bind(plan);
    }
}
