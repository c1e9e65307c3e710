namespace Mistral.Ilgpu.Diagnostics.Profiling;

/// <summary>A prompt and the tokens generated after it, pass by pass.</summary>
/// <param name="Passes">In their order.</param>
/// <param name="UnprofiledTime">The wall clock of the same passes without the marks.</param>
internal sealed record ModelProfile(IReadOnlyList<PassTiming> Passes, TimeSpan UnprofiledTime)
{
    /// <summary>Everything.</summary>
    public PhaseProfile Whole { get; } = new("all", Passes);

    /// <summary>Prefill and decode, as far as there were such passes.</summary>
    public IReadOnlyList<PhaseProfile> Phases { get; } =
        [.. Passes.GroupBy(pass => pass.IsPrefill).Select(
            phase => new PhaseProfile(phase.Key ? "prefill" : "decode", [.. phase]))];
}
