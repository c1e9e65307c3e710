namespace Mistral.Ilgpu.Execution.Passes;

/// <summary>What a runner did with a pass.</summary>
internal enum PassOutcome
{
    /// <summary>Nothing: another runner must launch it.</summary>
    Declined,

    /// <summary>All of its steps are on the device's stream.</summary>
    Launched,

    /// <summary>The same, and the choice of the tokens that follow.</summary>
    LaunchedWithChoice,
}
