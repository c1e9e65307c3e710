namespace Mistral.Ilgpu.Model.Cache;

/// <summary>A text in the cache: its position and the pages of its keys and values. Disposing it frees the pages.</summary>
internal sealed class Sequence : IDisposable
{
    private readonly SequenceTable _table;

    internal Sequence(SequenceTable table, int row, int maxTokens, int[][] pages, PrefixKey prefix)
    {
        (_table, Row, MaxTokens, Pages, Prefix) = (table, row, maxTokens, pages, prefix);
    }

    /// <summary>The number of tokens so far.</summary>
    public int Position { get; internal set; }

    /// <summary>The most tokens that the text can have.</summary>
    public int MaxTokens { get; internal set; }

    /// <summary>Whether the text still holds its pages.</summary>
    public bool IsOpen { get; internal set; } = true;

    /// <summary>
    /// Whether an incomplete pass has overwritten keys and values that the text still needs. Such a text cannot continue.
    /// </summary>
    public bool IsBroken { get; internal set; }

    /// <summary>The row of the page tables that belongs to this sequence while it is open.</summary>
    internal int Row { get; }

    /// <summary>The pages of the ring in each pool; −1 for pages that are not taken yet.</summary>
    internal int[][] Pages { get; }

    /// <summary>The key of the whole pages so far that other texts can share.</summary>
    internal PrefixKey Prefix { get; set; }

    /// <summary>
    /// Whether all tokens so far were computed as part of a prompt. Keys of decoded tokens are rounded differently.
    /// </summary>
    internal bool IsExact { get; set; } = true;

    /// <summary>Whether pages of decoded tokens are kept for other texts.</summary>
    internal bool KeepsAnswers { get; init; }

    /// <summary>Tokens after the last whole page that other texts can share; null once no more pages are shared.</summary>
    internal List<int>? Unregistered { get; set; } = [];

    public void Dispose() => _table.Close(this);
}
