namespace Mistral.Ilgpu.Server.Loading;

/// <summary>A model that stays in memory until this is disposed of, once.</summary>
/// <param name="deadline">What is left of the request's time; null for any time.</param>
internal readonly struct ModelLease(ModelSlot slot, TimeSpan? deadline) : IDisposable
{
    public ServedModel Model { get; } = slot.Model!;

    public TimeSpan? Deadline => deadline;

    public void Dispose() => slot.Release();
}
