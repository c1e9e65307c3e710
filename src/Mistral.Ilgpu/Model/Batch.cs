using Mistral.Ilgpu.Kernels;
using Mistral.Ilgpu.Model.Cache;
using Mistral.Ilgpu.Planning;
using Mistral.Ilgpu.Positions;

namespace Mistral.Ilgpu.Model;

/// <summary>
/// The input of a pass as a ragged batch without padding: tokens of many sequences, each at its own position. Some sequences
/// decode, others prefill. Fill it, run it with <see cref="MistralModel.Forward(Batch, CancellationToken)"/>, and reuse it.
/// </summary>
internal sealed class Batch
{
    // Decoding sequences come first.
    private readonly List<Part> _parts = [];
    private readonly Pass _pass = new(0, 0, 0);
    private int[] _decodeIds = new int[16];
    private int _decodeCount;

    /// <summary>The number of tokens so far.</summary>
    public int TokenCount { get; private set; }

    /// <summary>The number of rows of logits that the pass computes.</summary>
    public int LogitCount { get; private set; }

    internal List<Part> Parts => _parts;

    public void Clear()
    {
        _parts.Clear();
        (_decodeCount, TokenCount, LogitCount) = (0, 0, 0);
    }

    /// <summary>Adds the next token of a sequence that decodes.</summary>
    /// <param name="choice">How the token after it is chosen.</param>
    public void Decode(Sequence sequence, int id, TokenChoice choice = default)
    {
        Admit(sequence, 1);
        if (_decodeCount == _decodeIds.Length)
        {
            // Existing parts keep the old array.
            _decodeIds = new int[2 * _decodeCount];
        }

        _decodeIds[_decodeCount] = id;
        _parts.Insert(_decodeCount, new Part(sequence, _decodeIds.AsMemory(_decodeCount, 1), 1, IsPrompt: false, choice));
        _decodeCount++;
        TokenCount++;
        LogitCount++;
    }

    /// <summary>Adds the next tokens of a prompt, at most one chunk.</summary>
    /// <param name="wantsLogits">Whether to compute the logits of the last token.</param>
    /// <param name="choice">How a token is chosen from these logits.</param>
    public void Prefill(Sequence sequence, ReadOnlyMemory<int> ids, bool wantsLogits, TokenChoice choice = default) =>
        Prefill(sequence, ids, wantsLogits ? 1 : 0, choice);

    /// <summary>
    /// The row of logits of each sequence that has one, decoding sequences first. Call it after all tokens are added.
    /// </summary>
    public IEnumerable<(Sequence Sequence, int Row)> LogitRows()
    {
        int row = 0;
        foreach (var part in Parts.Where(part => part.LogitCount > 0))
        {
            row += part.LogitCount;
            yield return (part.Sequence, row - 1);
        }
    }

    /// <summary>Copies how a token is chosen from each row of logits.</summary>
    internal void CopyChoices(Span<TokenChoice> choices)
    {
        int row = 0;
        foreach (var part in _parts)
        {
            choices.Slice(row, part.LogitCount).Fill(part.Choice);
            row += part.LogitCount;
        }
    }

    /// <summary>Writes the step state that kernels read (see <see cref="StepState"/>).</summary>
    /// <param name="tokensPerTile">The number of tokens in a tile of queries.</param>
    /// <param name="queryScaling">How queries are scaled by their position; null for no scaling.</param>
    /// <returns>The pass and the length of the state.</returns>
    internal (Pass Pass, int Length) Pack(Span<int> state, int tokensPerTile, QueryScaling? queryScaling = null)
    {
        int tokens = TokenCount;
        int logitRowsAt = StepState.Header + (tokens * StepState.TokenInts);
        int queryTilesAt = logitRowsAt + LogitCount;
        int queryTiles = 0;
        foreach (var part in _parts)
        {
            queryTiles += part.IsPrompt ? (part.Ids.Length + tokensPerTile - 1) / tokensPerTile : 0;
        }

        int choicesAt = queryTilesAt + (queryTiles * StepState.QueryTileInts);
        int freshTilesAt = choicesAt + (LogitCount * TokenChoice.Ints);
        _pass.Begin(_decodeCount, tokens - _decodeCount, LogitCount);
        int token = 0;
        int logitRow = 0;
        int queryTile = 0;
        int freshTile = 0;
        foreach (var part in _parts)
        {
            int start = part.Sequence.Position;
            int length = part.Ids.Length;
            int firstTile = start / TileLayout.Length;
            _pass.Add(new PassSpan(start, length));
            for (int i = 0; i < length; i++)
            {
                int position = start + i;
                int fresh = part.IsPrompt ? freshTile + (position / TileLayout.Length) - firstTile : -1;
                int scale = BitConverter.SingleToInt32Bits(queryScaling?.At(position) ?? 1);
                Write(
                    state, StepState.Header + ((token + i) * StepState.TokenInts),
                    part.Ids.Span[i], position, part.Sequence.Row, fresh, scale);
            }

            for (int i = length - part.LogitCount; i < length; i++)
            {
                part.Choice.Write(state[(choicesAt + (logitRow * TokenChoice.Ints))..]);
                state[logitRowsAt + logitRow++] = token + i;
            }

            if (part.IsPrompt)
            {
                for (int i = 0; i < length; i += tokensPerTile)
                {
                    Write(
                        state, queryTilesAt + (queryTile++ * StepState.QueryTileInts),
                        token + i, Math.Min(tokensPerTile, length - i), start + i, part.Sequence.Row, start, freshTile);
                }

                for (int tile = firstTile; tile <= (start + length - 1) / TileLayout.Length; tile++)
                {
                    Write(
                        state, freshTilesAt + (freshTile++ * StepState.FreshTileInts),
                        part.Sequence.Row, tile, start, start + length);
                }
            }

            token += length;
        }

        state[..StepState.Header].Clear();
        state[StepState.TokenCountAt] = tokens;
        state[StepState.DecodeCountAt] = _decodeCount;
        state[StepState.LogitCountAt] = LogitCount;
        state[StepState.LogitRowsAt] = logitRowsAt;
        state[StepState.ChoicesAt] = choicesAt;
        (state[StepState.QueryTileCountAt], state[StepState.QueryTilesAt]) = (queryTile, queryTilesAt);
        (state[StepState.FreshTileCountAt], state[StepState.FreshTilesAt]) = (freshTile, freshTilesAt);
        (_pass.QueryTiles, _pass.FreshTiles) = (queryTile, freshTile);
        return (_pass, freshTilesAt + (freshTile * StepState.FreshTileInts));
    }

    /// <summary>The most ints that the state of a pass occupies.</summary>
    internal static int StateLength(int rows, int logitRows, int sequences, int freshTiles) =>
        StepState.Header + (rows * StepState.TokenInts) + (logitRows * (1 + TokenChoice.Ints))
            + ((rows + sequences) * StepState.QueryTileInts) + (freshTiles * StepState.FreshTileInts);

    private void Prefill(Sequence sequence, ReadOnlyMemory<int> ids, int logits, TokenChoice choice)
    {
        Admit(sequence, ids.Length);
        _parts.Add(new Part(sequence, ids, logits, IsPrompt: true, choice));
        TokenCount += ids.Length;
        LogitCount += logits;
    }

    private void Admit(Sequence sequence, int count)
    {
        ObjectDisposedException.ThrowIf(!sequence.IsOpen, sequence);
        ArgumentOutOfRangeException.ThrowIfZero(count);
        foreach (var part in _parts)
        {
            if (part.Sequence == sequence)
            {
                throw new ArgumentException("the sequence is already in the batch, expected once", nameof(sequence));
            }
        }

        if (sequence.Position + (long)count > sequence.MaxTokens)
        {
            throw new ContextFullException(sequence.MaxTokens, sequence.Position + (long)count);
        }
    }

    private static void Write(Span<int> state, int at, params ReadOnlySpan<int> values) => values.CopyTo(state[at..]);

    /// <param name="LogitCount">The number of last tokens whose logits are computed.</param>
    /// <param name="Choice">How a token is chosen from each of these rows.</param>
    internal readonly record struct Part(
        Sequence Sequence, ReadOnlyMemory<int> Ids, int LogitCount, bool IsPrompt, TokenChoice Choice);
}
