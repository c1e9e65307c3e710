using Mistral.Ilgpu.Planning;

namespace Mistral.Ilgpu.Execution.Passes;

/// <summary>A decorator of a runner that launches passes step by step, so that a derived class can act at each step.</summary>
internal abstract class WalkedPasses(IPassRunner inner, DirectPasses direct) : IPassRunner
{
    public virtual PassOutcome Run(Pass pass, CancellationToken cancellation)
    {
        direct.Walk(pass, this, cancellation);
        return PassOutcome.Launched;
    }

    public virtual void Launch(Step step, Pass pass) => inner.Launch(step, pass);

    public void Forget(ulong adapters) => inner.Forget(adapters);

    public void Dispose() => inner.Dispose();
}
