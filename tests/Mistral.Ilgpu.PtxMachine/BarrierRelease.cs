namespace Mistral.Ilgpu.PtxMachine;

/// <summary>What warps have done and know at a barrier, for those that wait there.</summary>
/// <param name="Clocks">See <see cref="SyncClocks"/>.</param>
internal sealed record BarrierRelease(int[] Clocks)
{
    /// <summary>First threads of warps, and how many fences of the asynchronous proxy each of their threads had executed.</summary>
    public List<(int FirstThread, int[] Counts)> Fences { get; } = [];
}
