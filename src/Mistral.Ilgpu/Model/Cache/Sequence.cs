namespace Mistral.Ilgpu.Model.Cache;

/// <summary>One text in the cache: how far it is, and the pages that hold its keys and values. Disposing of it gives them
/// back.</summary>
internal sealed class Sequence : IDisposable
{
    private readonly RotatingKvCache _cache;

    internal Sequence(RotatingKvCache cache, int row, int maxTokens, int[][] pages, PrefixKey prefix)
    {
        (_cache, Row, MaxTokens, Pages, Prefix) = (cache, row, maxTokens, pages, prefix);
    }

    /// <summary>Tokens of the text so far.</summary>
    public int Position { get; internal set; }

    /// <summary>Tokens that the text may have.</summary>
    public int MaxTokens { get; }

    /// <summary>Whether its pages are held.</summary>
    public bool IsOpen { get; internal set; } = true;

    /// <summary>Whether a pass that was cut short has overwritten keys and values that the text still needs: it cannot go
    /// on.</summary>
    public bool IsBroken { get; internal set; }

    /// <summary>The row of the page tables that is this sequence's while it is open.</summary>
    internal int Row { get; }

    /// <summary>For each pool the pages of the ring, −1 where none is taken yet.</summary>
    internal int[][] Pages { get; }

    /// <summary>The key of the whole pages of the prompt so far.</summary>
    internal PrefixKey Prefix { get; set; }

    /// <summary>Tokens behind the last whole page of the prompt; null once the text has gone on otherwise than as a
    /// prompt.</summary>
    internal List<int>? Unregistered { get; set; } = [];

    public void Dispose() => _cache.Close(this);
}
