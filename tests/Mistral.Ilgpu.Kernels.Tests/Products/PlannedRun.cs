using ILGPU;
using Mistral.Ilgpu.Execution.Buffers;
using Mistral.Ilgpu.Execution.Devices;
using Mistral.Ilgpu.Execution.Families;
using Mistral.Ilgpu.Execution.Passes;
using Mistral.Ilgpu.Planning;

namespace Mistral.Ilgpu.Kernels.Tests.Products;

/// <summary>Some operations over memory that a test made, fused and bound as a model's are.</summary>
internal sealed class PlannedRun(float[] gain, ComputeDevice device)
{
    private readonly Dictionary<ActivationPlan, Activation> _activations = [];
    private readonly Dictionary<MatrixPlan, WeightMatrix> _matrices = [];
    private LayerGraph? _graph;

    public VectorPlan Gain { get; } = new("gain", gain.Length);

    public ActivationPlan Add(Activation activation, RowSet rows)
    {
        var plan = new ActivationPlan(activation.Name, activation.Columns, rows);
        _activations.Add(plan, activation);
        return plan;
    }

    public MatrixPlan Add(params WeightBand[] bands)
    {
        var plan = new MatrixPlan(
            [.. bands.Select(band => new BandPlan(["w"], band.Rows, band.Columns, band.Format, band.Layout, band.SizeInBytes))]);
        _matrices.Add(plan, new WeightMatrix("w", bands));
        return plan;
    }

    public PlannedRun Bind(KernelSet kernels, params Operation[] operations)
    {
        _graph = Binder(kernels).Bind(new ModelPlan(operations));
        return this;
    }

    /// <summary>Binds each operation as if there were no others.</summary>
    public PlannedRun BindApart(KernelSet kernels, params Operation[] operations)
    {
        var binder = Binder(kernels);
        _graph = new LayerGraph([.. operations.Select(binder.Bind).Select(step => ((Step?)step, (Step?)step))], null);
        return this;
    }

    /// <summary>The names of a pass's steps.</summary>
    public IEnumerable<string> StepsOf(Pass pass) => [.. _graph!.StepsOf(pass).ToArray().Select(step => step.Name)];

    private StepBinder Binder(KernelSet kernels) => new(kernels, new PlanMemory(
        _activations, _matrices, new Dictionary<VectorPlan, ArrayView<float>> { [Gain] = device.Upload(gain) }));

    public void Launch(Pass pass)
    {
        foreach (var step in _graph!.StepsOf(pass))
        {
            step.Launch(pass);
        }
    }
}
