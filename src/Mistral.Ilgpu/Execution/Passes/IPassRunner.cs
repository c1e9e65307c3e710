using Mistral.Ilgpu.Planning;

namespace Mistral.Ilgpu.Execution.Passes;

/// <summary>How the steps of a pass come to a device. A family chooses one when a model is built, see
/// <see cref="Families.Family.Runner"/>.</summary>
internal interface IPassRunner : IDisposable
{
    /// <summary>Whether no more passes are needed to find out what is fastest.</summary>
    bool IsSettled => true;

    /// <summary>Positions of decoded tokens that go once through all that <see cref="Prepare"/> compiles; none where that is not
    /// wanted.</summary>
    IReadOnlyList<int> Trials => [];

    /// <summary>Puts all steps of a pass on the device's stream, or declines the pass.</summary>
    /// <exception cref="OperationCanceledException">Cancelled, between two steps.</exception>
    PassOutcome Run(Pass pass, CancellationToken cancellation);

    /// <summary>Puts one step on the device's stream.</summary>
    void Launch(Step step, Pass pass) => step.Launch(pass);

    /// <summary>Compiles what is compiled beside the first passes otherwise, and waits for it.</summary>
    void Prepare(CancellationToken cancellation)
    {
    }

    /// <summary>Puts a pass through what was prepared, even where something else is faster.</summary>
    void TryOut(Pass pass)
    {
    }
}
