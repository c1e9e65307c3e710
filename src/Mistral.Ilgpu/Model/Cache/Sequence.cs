namespace Mistral.Ilgpu.Model.Cache;

/// <summary>One text in the cache: how far it is, and the pages that hold its keys and values. Disposing of it gives them
/// back.</summary>
internal sealed class Sequence : IDisposable
{
    private readonly SequenceTable _table;

    internal Sequence(SequenceTable table, int row, int maxTokens, int[][] pages, PrefixKey prefix)
    {
        (_table, Row, MaxTokens, Pages, Prefix) = (table, row, maxTokens, pages, prefix);
    }

    /// <summary>Tokens of the text so far.</summary>
    public int Position { get; internal set; }

    /// <summary>Tokens that the text may have.</summary>
    public int MaxTokens { get; internal set; }

    /// <summary>Whether its pages are held.</summary>
    public bool IsOpen { get; internal set; } = true;

    /// <summary>Whether a pass that was cut short has overwritten keys and values that the text still needs: it cannot go
    /// on.</summary>
    public bool IsBroken { get; internal set; }

    /// <summary>The row of the page tables that is this sequence's while it is open.</summary>
    internal int Row { get; }

    /// <summary>For each pool the pages of the ring, −1 where none is taken yet.</summary>
    internal int[][] Pages { get; }

    /// <summary>The key of the whole pages so far that others may share.</summary>
    internal PrefixKey Prefix { get; set; }

    /// <summary>Whether all tokens so far were computed as a prompt's. Decoded tokens are rounded otherwise.</summary>
    internal bool IsExact { get; set; } = true;

    /// <summary>Whether pages of its decoded tokens are kept for other texts.</summary>
    internal bool KeepsAnswers { get; init; }

    /// <summary>Tokens behind the last whole page that others may share; null once no more are shared.</summary>
    internal List<int>? Unregistered { get; set; } = [];

    public void Dispose() => _table.Close(this);
}
