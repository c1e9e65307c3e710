using System.Runtime.InteropServices;
using Mistral.Ilgpu.Generation;
using Mistral.Ilgpu.Kernels;
using Mistral.Ilgpu.Model;
using Mistral.Ilgpu.Model.Cache;

namespace Mistral.Ilgpu.Tests.Generation;

/// <summary>
/// A model without a device. The logits after a token are numbers made of the tokens that its window reaches, read from pages as a
/// device reads them. A page that is another text's, or overwritten too early, changes what a text becomes.
/// </summary>
internal sealed class FakeModel : IBatchModel
{
    public const int PageLength = 4;
    private const int Sequences = 6;
    private readonly FakePages[] _pages;
    private readonly HostChoice _host;
    private readonly List<(ulong State, TokenChoice Choice, Sequence Sequence)> _rows = [];
    private readonly List<ulong> _states = [];

    /// <param name="windows">Of the layers, multiples of <see cref="PageLength"/>.</param>
    /// <param name="pages">Pages of each window.</param>
    /// <param name="hostBytes">Host memory for keys and values.</param>
    public FakeModel(
        int vocabularySize = 40, int[]? windows = null, int pages = 24, int sequences = Sequences, long hostBytes = 0)
    {
        VocabularySize = vocabularySize;
        MaxSequences = sequences;
        _host = new HostChoice(vocabularySize);
        _pages = [.. (windows ?? [8, 16]).Select(window => new FakePages(window, PageLength, pages, sequences))];
        Table = new SequenceTable([.. _pages.Select(page => page.Rings)], PageLength, sequences, hostBytes);
    }

    public int VocabularySize { get; }

    public int Dim => 4;

    public IReadOnlyCollection<int> EosIds { get; init; } = [2];

    public int? Context { get; init; }

    public int Chunk { get; init; } = 8;

    public int MaxSequences { get; }

    public int? MaxBatchedTokens { get; init; }

    public int TokenBudget => MaxBatchedTokens ?? Chunk + MaxSequences - 1;

    public SequenceTable Table { get; }

    SequenceTable IBatchModel.Sequences => Table;

    public AdapterTable Adapters { get; init; } = new([]);

    public ulong AdaptersOn { get; set; }

    /// <summary>The token after so many of a text; null for one that its logits choose.</summary>
    public Func<int, int>? Script { get; init; }

    /// <summary>Called at the start of each pass, with its tokens.</summary>
    public Action<Batch>? OnForward { get; set; }

    /// <summary>Called between a pass's stores.</summary>
    public Action? OnToken { get; set; }

    /// <summary>Called before something of a pass is read.</summary>
    public Action? OnRead { get; set; }

    public int Passes { get; private set; }

    public int ChunkLength(int position, int remaining) => Math.Min(remaining, Chunk - (position % Chunk));

    public void Forward(Batch batch, CancellationToken cancellation)
    {
        cancellation.ThrowIfCancellationRequested();
        Passes++;
        _rows.Clear();
        _states.Clear();
        Assert(
            batch.TokenCount <= TokenBudget || batch.Parts.Count(part => part.IsPrompt) <= 1, "a pass that is beyond its budget");
        Assert(batch.LogitCount <= MaxSequences, "a pass that is too large");
        foreach (var part in batch.Parts)
        {
            Table.Prepare(part.Sequence, part.Ids.Length);
        }

        try
        {
            OnForward?.Invoke(batch);
            foreach (var part in batch.Parts)
            {
                Run(part);
            }
        }
        catch
        {
            foreach (var part in batch.Parts)
            {
                Table.Abandon(part.Sequence, part.Ids.Length);
            }

            throw;
        }

        foreach (var part in batch.Parts)
        {
            Table.Advance(part.Sequence, part.Ids.Span, part.IsPrompt);
        }
    }

    public int Choose(int row)
    {
        OnRead?.Invoke();
        var (state, choice, sequence) = _rows[row];
        if (Script is not null)
        {
            return Script(sequence.Position);
        }

        var logits = new float[VocabularySize];
        Fill(state, logits);
        return _host.Choose(logits, choice);
    }

    public void ReadLogits(int row, Span<float> logits)
    {
        OnRead?.Invoke();
        Fill(_rows[row].State, logits);
        if (Script is not null)
        {
            logits.Fill(1);
            logits[Script(_rows[row].Sequence.Position)] = 10;
        }
    }

    public void Score(int first, int count, float[] logits, Action<int> onRow)
    {
        OnRead?.Invoke();
        _rows.Clear();
        for (int i = 0; i < count; i++)
        {
            Fill(_states[first + i], logits);
            onRow(i);
        }
    }

    public void ReadHidden(int first, int count, Span<float> rows)
    {
        for (int i = 0; i < count * Dim; i++)
        {
            rows[i] = (_states[first + (i / Dim)] >> (8 * (i % Dim))) & 255;
        }
    }

    public void CheckCache(Sequence sequence)
    {
    }

    /// <summary>The tokens that a text becomes, alone and without a cache; stop strings aside.</summary>
    public int[] Alone(IReadOnlyList<int> prompt, GenerationOptions options, ulong adapters = 0, ulong seed = 0)
    {
        List<int> ids = [.. prompt];
        var sampler = new Sampler(options.Sampling, options.Sampling.Seed ?? seed, new HostChoice(VocabularySize));
        foreach (int id in prompt)
        {
            sampler.Accept(id, isOutput: false);
        }

        // The last token needs no room.
        long most = Math.Min(options.MaxTokens, (Context ?? int.MaxValue) - prompt.Count + 1L);
        var logits = new float[VocabularySize];
        while (ids.Count - prompt.Count < most)
        {
            Fill(StateOf(ids, ids.Count - 1, adapters), logits);
            sampler.Change(logits);
            foreach (var processor in options.LogitProcessors)
            {
                processor.Process(CollectionsMarshal.AsSpan(ids), prompt.Count, logits);
            }

            int next = sampler.Choose(logits);
            if (!options.IgnoreEos && EosIds.Contains(next))
            {
                break;
            }

            ids.Add(next);
            sampler.Accept(next, isOutput: true);
        }

        return [.. ids.Skip(prompt.Count)];
    }

    /// <summary>The log-probabilities of a text's tokens after its first, alone and without a cache.</summary>
    public double[] ScoresAlone(IReadOnlyList<int> prompt, ulong adapters = 0)
    {
        var logits = new float[VocabularySize];
        return
        [
            .. Enumerable.Range(0, prompt.Count - 1).Select(position =>
            {
                Fill(StateOf(prompt, position, adapters), logits);
                return LogProbabilities.Of(logits, prompt[position + 1], LogProbabilities.Normalizer(logits));
            }),
        ];
    }

    private ulong StateOf(IReadOnlyList<int> ids, int last, ulong adapters)
    {
        ulong state = adapters;
        foreach (var pages in _pages)
        {
            for (int position = Math.Max(0, last - pages.Rings.RingLength + 1); position <= last; position++)
            {
                state = Mix(state, Key(ids[position], position, adapters));
            }
        }

        return state;
    }

    private static ulong Key(int id, int position, ulong adapters) => Mix(Mix((ulong)id + 1, (ulong)position), adapters);

    private static ulong Mix(ulong state, ulong value) => new SplitMix64(state * 31 + value)[0];

    private static void Assert(bool holds, string what)
    {
        if (!holds)
        {
            throw new InvalidOperationException(what);
        }
    }

    // Decoded parts come first in a pass, and so do their states.
    private void Run(Batch.Part part)
    {
        for (int i = 0; i < part.Ids.Length; i++)
        {
            OnToken?.Invoke();
            int at = part.Sequence.Position + i;
            ulong state = AdaptersOn;
            foreach (var pages in _pages)
            {
                pages.At(part.Sequence, at) = Key(part.Ids.Span[i], at, AdaptersOn);
                for (int position = Math.Max(0, at - pages.Rings.RingLength + 1); position <= at; position++)
                {
                    state = Mix(state, pages.At(part.Sequence, position));
                }
            }

            _states.Add(state);
            if (i >= part.Ids.Length - part.LogitCount)
            {
                _rows.Add((state, part.Choice, part.Sequence));
            }
        }
    }

    private static void Fill(ulong state, Span<float> logits)
    {
        var random = new SplitMix64(state);
        for (int id = 0; id < logits.Length; id++)
        {
            logits[id] = (random[(ulong)id] >> 40) / (float)(1 << 22);
        }
    }
}
