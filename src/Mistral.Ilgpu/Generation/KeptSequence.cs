using Mistral.Ilgpu.Model;
using Mistral.Ilgpu.Model.Cache;

namespace Mistral.Ilgpu.Generation;

/// <summary>The place in the cache that a conversation keeps between its turns. The engine's thread alone uses it, and takes it
/// away from the one that was idle longest where another text has no room.</summary>
internal sealed class KeptSequence
{
    private volatile bool _isReleased;

    /// <summary>The place; null while there is none.</summary>
    public Sequence? Sequence { get; set; }

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
        Sequence is { IsBroken: false } && Adapters == adapters && Ids.Length < prompt.Length
            && prompt.AsSpan(0, Ids.Length).SequenceEqual(Ids);

    /// <summary>Gives the place back.</summary>
    public void Close()
    {
        Sequence?.Dispose();
        (Sequence, Ids) = (null, []);
    }
}
