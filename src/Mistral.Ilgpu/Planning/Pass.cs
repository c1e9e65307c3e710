using Mistral.Ilgpu.Kernels;

namespace Mistral.Ilgpu.Planning;

/// <summary>
/// One run of the graph: the tokens of each sequence, and the number of tokens that need logits. A batch reuses one instance, so
/// its values are valid until the batch is filled again (see <see cref="Copy"/>).
/// </summary>
internal sealed class Pass(int decodeCount, int prefillCount, int logitCount)
{
    private readonly List<PassSpan> _spans = [];

    /// <summary>Sequences that are continued by one token. Their tokens come first.</summary>
    public int DecodeCount { get; private set; } = decodeCount;

    /// <summary>Tokens of prompts.</summary>
    public int PrefillCount { get; private set; } = prefillCount;

    /// <summary>Rows of logits.</summary>
    public int LogitCount { get; private set; } = logitCount;

    public int TokenCount => DecodeCount + PrefillCount;

    /// <summary>The sequences in the order of their tokens.</summary>
    public IReadOnlyList<PassSpan> Spans => _spans;

    /// <summary>Tiles of the prompts' queries.</summary>
    public int QueryTiles { get; internal set; }

    /// <summary>Tiles of the prompts' keys before they are stored to the rings.</summary>
    public int FreshTiles { get; internal set; }

    /// <summary>A bit for each adapter that is applied.</summary>
    public ulong Adapters { get; internal set; }

    /// <summary>Splits of decoded tokens' keys for which launches reserve groups (see <see cref="DecodeSplits.Room"/>).</summary>
    public int DecodeRoom(int splitTiles)
    {
        int longest = 1;
        for (int i = 0; i < DecodeCount; i++)
        {
            longest = Math.Max(longest, Spans[i].StartPosition + 1);
        }

        return DecodeSplits.Room(longest, splitTiles);
    }

    /// <summary>Whether it makes no more than logits, of tokens whose pass has run.</summary>
    public bool IsScoring { get; init; }

    /// <summary>A copy that stays valid.</summary>
    public Pass Copy()
    {
        var copy = new Pass(DecodeCount, PrefillCount, LogitCount)
        {
            QueryTiles = QueryTiles,
            FreshTiles = FreshTiles,
            Adapters = Adapters,
            IsScoring = IsScoring
        };
        copy._spans.AddRange(_spans);
        return copy;
    }

    internal void Begin(int decodeCount, int prefillCount, int logitCount)
    {
        (DecodeCount, PrefillCount, LogitCount) = (decodeCount, prefillCount, logitCount);
        _spans.Clear();
    }

    internal void Add(PassSpan span) => _spans.Add(span);
}
