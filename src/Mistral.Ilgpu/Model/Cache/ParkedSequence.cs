namespace Mistral.Ilgpu.Model.Cache;

/// <summary>The keys and values of a text in host memory while it has no place on the device.</summary>
internal sealed class ParkedSequence(HostPages host)
{
    /// <summary>The number of tokens.</summary>
    public required int Position { get; init; }

    /// <summary>See <see cref="Sequence.IsExact"/>.</summary>
    public required bool IsExact { get; init; }

    /// <summary>The part of the ring of each pool that each copy is of.</summary>
    public List<(int Ring, int RingPage, HostPage Copy)> Pages { get; } = [];

    /// <summary>Whether the memory was taken for others.</summary>
    public bool IsDropped { get; private set; }

    /// <summary>Takes memory for a page.</summary>
    /// <returns>Whether there is room.</returns>
    public bool TryAdd(int ring, int ringPage, long bytes)
    {
        if (host.TryAdd(this, bytes) is not { } copy)
        {
            return false;
        }

        Pages.Add((ring, ringPage, copy));
        return true;
    }

    /// <summary>Says whether the memory may not be taken for others.</summary>
    public void Hold(bool isInUse) => Pages.ForEach(page => page.Copy.IsInUse = isInUse);

    /// <summary>Gives the memory back.</summary>
    public void Drop()
    {
        IsDropped = true;
        Pages.ForEach(page => host.Drop(page.Copy));
        Pages.Clear();
    }
}
