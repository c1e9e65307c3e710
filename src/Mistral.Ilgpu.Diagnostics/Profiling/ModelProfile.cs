namespace Mistral.Ilgpu.Diagnostics.Profiling;

/// <summary>The profile of a prompt and of the tokens generated after it.</summary>
/// <param name="Passes">The passes in order.</param>
/// <param name="UnprofiledTime">The wall clock of the same passes without marks.</param>
internal sealed record ModelProfile(IReadOnlyList<PassTiming> Passes, TimeSpan UnprofiledTime)
{
    /// <summary>All passes as one phase.</summary>
    public PhaseProfile Whole { get; } = new("all", Passes);

    /// <summary>Prefill and decode, if there were such passes.</summary>
    public IReadOnlyList<PhaseProfile> Phases { get; } =
        [.. Passes.GroupBy(pass => pass.IsPrefill).Select(
            phase => new PhaseProfile(phase.Key ? "prefill" : "decode", [.. phase]))];
}
