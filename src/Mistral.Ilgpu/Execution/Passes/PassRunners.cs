using Mistral.Ilgpu.Planning;

namespace Mistral.Ilgpu.Execution.Passes;

/// <summary>Tries runners in order; the first that does not decline launches the pass. The last one accepts every pass.</summary>
internal sealed class PassRunners(params IPassRunner[] runners) : IPassRunner
{
    public IReadOnlyList<IPassRunner> Runners => runners;

    public bool IsSettled => runners.All(runner => runner.IsSettled);

    public IReadOnlyList<int> Trials => [.. runners.SelectMany(runner => runner.Trials)];

    public PassOutcome Run(Pass pass, CancellationToken cancellation)
    {
        foreach (var runner in runners)
        {
            if (runner.Run(pass, cancellation) is not PassOutcome.Declined and var outcome)
            {
                return outcome;
            }
        }

        return PassOutcome.Declined;
    }

    public void Launch(Step step, Pass pass) => runners[^1].Launch(step, pass);

    public void Prepare(CancellationToken cancellation) => Array.ForEach(runners, runner => runner.Prepare(cancellation));

    public void TryOut(Pass pass) => Array.ForEach(runners, runner => runner.TryOut(pass));

    public void Forget(ulong adapters) => Array.ForEach(runners, runner => runner.Forget(adapters));

    public void Dispose() => Array.ForEach(runners, runner => runner.Dispose());
}
