using ILGPU;
using Mistral.Ilgpu.Execution.Devices;
using Mistral.Ilgpu.Execution.Passes;

namespace Mistral.Ilgpu.Execution.Families;

/// <summary>Compiles kernels and binds none, so that binding them later takes no time. Passes may run meanwhile.</summary>
internal sealed class KernelCompiler(ComputeDevice device) : IKernelBinder
{
    private readonly Dictionary<Type, Action> _loads = [];

    public Action<KernelConfig> Bind<TKernel>(TKernel kernel)
        where TKernel : struct, IKernel
    {
        if (device.Prepare<TKernel>())
        {
            _loads[typeof(TKernel)] = () => device.Load<TKernel>();
        }

        return _ => { };
    }

    // A pass would otherwise wait for them.
    public Lazy<Launch> Later(Func<Launch> make) => new(make());

    /// <summary>Waits until all are compiled and loaded.</summary>
    /// <exception cref="OperationCanceledException">Cancelled between two kernels.</exception>
    public void Wait(CancellationToken cancellation)
    {
        foreach (var load in _loads.Values)
        {
            cancellation.ThrowIfCancellationRequested();
            load();
        }
    }
}
