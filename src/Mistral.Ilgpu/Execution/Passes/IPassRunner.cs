using Mistral.Ilgpu.Planning;

namespace Mistral.Ilgpu.Execution.Passes;

/// <summary>
/// Puts the steps of a pass on a device. A family chooses a runner when a model is built (see
/// <see cref="Families.Family.Runner"/>).
/// </summary>
internal interface IPassRunner : IDisposable
{
    /// <summary>Whether the runner has finished measuring.</summary>
    bool IsSettled => true;

    /// <summary>
    /// Positions of decoded tokens with which passes use everything that <see cref="Prepare"/> compiles; empty if it is not to be
    /// used.
    /// </summary>
    IReadOnlyList<int> Trials => [];

    /// <summary>Puts all steps of a pass on the device's stream, or declines the pass.</summary>
    /// <exception cref="OperationCanceledException">Cancelled between two steps.</exception>
    PassOutcome Run(Pass pass, CancellationToken cancellation);

    /// <summary>Puts one step on the device's stream.</summary>
    void Launch(Step step, Pass pass) => step.Launch(pass);

    /// <summary>Drops what was made for passes with any of these adapters, whose memory is to be freed.</summary>
    /// <param name="adapters">See <see cref="Pass.Adapters"/>.</param>
    void Forget(ulong adapters)
    {
    }

    /// <summary>Compiles what the first passes would otherwise compile concurrently, and waits for it.</summary>
    void Prepare(CancellationToken cancellation)
    {
    }

    /// <summary>Runs a pass with what was prepared, even if another way is faster.</summary>
    void TryOut(Pass pass)
    {
    }
}
