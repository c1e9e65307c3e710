namespace Mistral.Ilgpu.Planning;

/// <summary>How long passes take when layers are streamed: transfers run while kernels do.</summary>
/// <param name="Compute">The time of the kernels, if all layers were on the device.</param>
/// <param name="Transfer">The time of the transfers, if no kernels ran.</param>
internal readonly record struct StreamingEstimate(TimeSpan Compute, TimeSpan Transfer)
{
    /// <summary>Whether transfers take longer than kernels.</summary>
    public bool IsLimitedByTransfers => Transfer >= Compute;

    public TimeSpan Total => IsLimitedByTransfers ? Transfer : Compute;
}
