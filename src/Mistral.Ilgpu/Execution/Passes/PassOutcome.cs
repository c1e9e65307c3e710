namespace Mistral.Ilgpu.Execution.Passes;

/// <summary>The result of a runner's attempt to run a pass.</summary>
internal enum PassOutcome
{
    /// <summary>The runner did nothing; another one must launch the pass.</summary>
    Declined,

    /// <summary>All steps are on the device's stream.</summary>
    Launched,

    /// <summary>All steps and the choice of the next tokens are on the device's stream.</summary>
    LaunchedWithChoice,
}
