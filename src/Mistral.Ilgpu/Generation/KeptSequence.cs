using Mistral.Ilgpu.Model;
using Mistral.Ilgpu.Model.Cache;

namespace Mistral.Ilgpu.Generation;

/// <summary>The place in the cache that a conversation keeps between its turns. The engine's thread alone uses it, and takes it
/// away from the one that was idle longest where another text has no room. Its keys and values then move to host memory if there
/// is room.</summary>
internal sealed class KeptSequence
{
    private volatile bool _isReleased;

    /// <summary>The place; null while there is none.</summary>
    public Sequence? Sequence { get; set; }

    /// <summary>The keys and values in host memory; null while they are not there.</summary>
    public ParkedSequence? Parked { get; private set; }

    /// <summary>Whether there are keys and values to go on from.</summary>
    public bool IsThere => Sequence is not null || Parked is { IsDropped: false };

    /// <summary>The tokens whose keys and values it holds.</summary>
    public int[] Ids { get; set; } = [];

    /// <summary>The key of the adapters that they were computed with, see <see cref="AdapterSet.Key"/>.</summary>
    public ulong Adapters { get; set; }

    /// <summary>Whether its owner no longer wants it.</summary>
    public bool IsReleased => _isReleased;

    /// <summary>Has the engine give the place back; may be called from any thread.</summary>
    public void Release() => _isReleased = true;

    /// <summary>Whether a prompt goes on from what it holds.</summary>
    public bool Precedes(int[] prompt, ulong adapters) =>
        IsThere && Sequence is not { IsBroken: true } && Adapters == adapters && Ids.Length < prompt.Length
            && prompt.AsSpan(0, Ids.Length).SequenceEqual(Ids);

    /// <summary>Gives the place back, and keeps the keys and values in host memory if there is room.</summary>
    public void Park(SequenceTable table)
    {
        Parked = table.Park(Sequence!);
        Sequence = null;
    }

    /// <summary>Has a place for as many tokens.</summary>
    /// <returns>Whether there is room now.</returns>
    public bool TryReserve(SequenceTable table, int maxTokens)
    {
        if (Sequence is not null)
        {
            return table.TryGrow(Sequence, maxTokens);
        }

        Sequence = table.TryReturn(Parked!, maxTokens);
        return Sequence is not null;
    }

    /// <summary>Gives the place and the host memory back.</summary>
    public void Close()
    {
        Sequence?.Dispose();
        Parked?.Drop();
        (Sequence, Parked, Ids) = (null, null, []);
    }
}
