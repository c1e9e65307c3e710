namespace Mistral.Ilgpu.PtxMachine;

/// <summary>
/// What each warp knows of the others: up to which time all that another has done comes before what it does next. Warps learn it
/// where they meet at a barrier, and where one waits for a phase of an <see cref="PhaseBarriers"/> at which the other arrived.
/// Barriers count their ended phases here as warps do their acts.
/// </summary>
/// <param name="warps">Of all groups that exchange data in shared memory.</param>
internal sealed class SyncClocks(int warps)
{
    private const int MostBarriers = 64;

    private readonly int[][] _seen = [.. Enumerable.Range(0, warps).Select(_ => new int[warps + MostBarriers])];
    private int _barriers;

    /// <summary>The time of acts until warps next learn something.</summary>
    public int Now { get; private set; } = 1;

    public int Warps => warps;

    /// <summary>Forgets all barriers, and lets all warps know all that was.</summary>
    public void StartGroup()
    {
        _barriers = 0;
        Array.ForEach(_seen, seen => seen.AsSpan(warps).Clear());
        Meet(0, warps);
    }

    /// <summary>A number for a new barrier.</summary>
    public int AddBarrier() => _barriers < MostBarriers
        ? warps + _barriers++ : throw new PtxException($"more than {MostBarriers} barriers in shared memory are not modelled");

    /// <summary>Whether an act of another warp, or a phase of a barrier, comes before what the warp does next. Of its own acts:
    /// whether it has met others since.</summary>
    public bool Knows(int warp, int other, int time) => _seen[warp][other] >= time;

    /// <summary>All these warps meet.</summary>
    public void Meet(int first, int count)
    {
        Span<int> all = stackalloc int[warps + MostBarriers];
        all.Clear();
        for (int warp = first; warp < first + count; warp++)
        {
            Join(all, _seen[warp]);
        }

        all.Slice(first, count).Fill(Now);
        for (int warp = first; warp < first + count; warp++)
        {
            all.CopyTo(_seen[warp]);
        }

        Now++;
    }

    /// <summary>Adds to what others may learn all that a warp has done and knows.</summary>
    public void Release(int warp, Span<int> to)
    {
        Join(to, _seen[warp]);
        to[warp] = Now++;
    }

    /// <summary>A warp learns what was released.</summary>
    public void Acquire(int warp, ReadOnlySpan<int> from) => Join(_seen[warp], from);

    /// <summary>Room for what is released.</summary>
    public int[] NewRelease() => new int[warps + MostBarriers];

    private static void Join(Span<int> to, ReadOnlySpan<int> from)
    {
        for (int i = 0; i < to.Length; i++)
        {
            to[i] = Math.Max(to[i], from[i]);
        }
    }
}
