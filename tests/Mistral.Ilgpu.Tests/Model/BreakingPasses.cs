using Mistral.Ilgpu.Execution.Passes;
using Mistral.Ilgpu.Planning;

namespace Mistral.Ilgpu.Tests.Model;

/// <summary>Throws <see cref="TimeoutException"/> once, after a number of steps.</summary>
internal sealed class BreakingPasses(IPassRunner inner, DirectPasses direct, int steps) : WalkedPasses(inner, direct)
{
    private int _left = steps;

    public override void Launch(Step step, Pass pass)
    {
        base.Launch(step, pass);
        if (--_left == 0)
        {
            throw new TimeoutException();
        }
    }
}
