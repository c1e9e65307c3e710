using Mistral.Ilgpu.Execution.Devices;
using Mistral.Ilgpu.Planning;

namespace Mistral.Ilgpu.Execution.Passes;

/// <summary>Launches the steps of a pass one by one.</summary>
/// <param name="operationsAhead">See <see cref="Families.Family.OperationsAhead"/>.</param>
/// <param name="gate">Null if all layers stay on the device.</param>
internal sealed class DirectPasses(ComputeDevice device, LayerGraph graph, long? operationsAhead, ILayerGate? gate) : IPassRunner
{
    public PassOutcome Run(Pass pass, CancellationToken cancellation)
    {
        Walk(pass, this, cancellation);
        return PassOutcome.Launched;
    }

    public void Launch(Step step, Pass pass)
    {
        gate?.Enter(step.Layer);
        step.Launch(pass);
    }

    /// <summary>Lets another runner launch the steps of a pass, one by one.</summary>
    public void Walk(Pass pass, IPassRunner runner, CancellationToken cancellation)
    {
        long operations = 0;
        try
        {
            foreach (var step in graph.StepsOf(pass))
            {
                runner.Launch(step, pass);
                if (cancellation.CanBeCanceled)
                {
                    operations = Await(step, pass, operations, cancellation);
                }
            }
        }
        finally
        {
            gate?.Leave();
        }
    }

    public void Dispose()
    {
    }

    // Launched work cannot be cancelled, so the host does not run far ahead of a slow device.
    private long Await(Step step, Pass pass, long operations, CancellationToken cancellation)
    {
        if (operationsAhead is long most && (operations += step.Cost(pass).Operations) >= most)
        {
            device.Synchronize();
            operations = 0;
        }

        cancellation.ThrowIfCancellationRequested();
        return operations;
    }
}
