using System.Collections.Concurrent;
using System.Diagnostics.Metrics;
using Mistral.Ilgpu.Model;
using Mistral.Ilgpu.Observability;
using Mistral.Ilgpu.Tokenization;

namespace Mistral.Ilgpu.Generation;

/// <summary>
/// Continues many texts at once: each pass takes the next token of every text that is generated and, as far as there is room, the
/// next chunks of prompts. Texts that the cache has no room for wait in order. What becomes of a text does not depend on the
/// others. <see cref="Submit"/> and <see cref="BatchedGeneration.Cancel"/> are for any thread, <see cref="Step"/> and
/// <see cref="Run"/> for one: the model's.
/// </summary>
internal sealed class BatchGenerator : IDisposable
{
    private readonly MistralModel _model;
    private readonly TextTokenizer _tokenizer;
    private readonly Meter _meter = Telemetry.CreateMeter();
    private readonly ConcurrentQueue<BatchedGeneration> _submitted = [];
    private readonly SemaphoreSlim _work = new(0);
    private readonly Queue<BatchedGeneration> _waiting = [];
    private readonly List<BatchedGeneration> _running = [];
    private readonly Batch _batch = new();

    // In the order of their rows of logits.
    private readonly List<BatchedGeneration> _choosing = [];

    public BatchGenerator(MistralModel model, TextTokenizer tokenizer)
    {
        (_model, _tokenizer) = (model, tokenizer);
        _meter.CreateObservableUpDownCounter(
            "mistral.texts.waiting", () => WaitingCount, "{text}", "Texts submitted and not yet begun.");
        _meter.CreateObservableUpDownCounter(
            "mistral.texts.running", () => RunningCount, "{text}", "Texts that hold a place in the cache.");
    }

    /// <summary>Texts submitted and not yet begun.</summary>
    public int WaitingCount => _waiting.Count + _submitted.Count;

    /// <summary>Texts that hold a place in the cache.</summary>
    public int RunningCount => _running.Count;

    /// <summary>Queues a text to be continued.</summary>
    /// <param name="startsText">Whether the output is a text of its own, as an answer is, whose first word has no space before
    /// it.</param>
    /// <exception cref="ContextFullException">The prompt alone is longer than the context.</exception>
    /// <exception cref="Model.Cache.CacheFullException">The text might not fit the cache however empty.</exception>
    public BatchedGeneration Submit(IReadOnlyList<int> prompt, GenerationOptions options, bool startsText = false)
    {
        ArgumentNullException.ThrowIfNull(prompt);
        ArgumentNullException.ThrowIfNull(options);
        ArgumentOutOfRangeException.ThrowIfZero(prompt.Count);
        foreach (int id in prompt)
        {
            ArgumentOutOfRangeException.ThrowIfGreaterThanOrEqual((uint)id, (uint)_model.Config.VocabularySize, nameof(prompt));
        }

        int most = _model.Context ?? int.MaxValue;
        if (prompt.Count > most)
        {
            throw new ContextFullException(most, prompt.Count);
        }

        int maxTokens = (int)Math.Min(prompt.Count + (long)options.MaxTokens, most);
        _model.Cache.Sequences.RequireRoom(maxTokens);
        var continuation = new Continuation(
            _tokenizer, _model.Config.EosIds, _model.Config.VocabularySize, prompt, options, startsText);
        var generation = new BatchedGeneration([.. prompt], maxTokens, continuation, () => _work.Release());
        _submitted.Enqueue(generation);
        _work.Release();
        return generation;
    }

    /// <summary>Works until cancelled, waiting for texts when there are none.</summary>
    /// <exception cref="OperationCanceledException">Cancelled.</exception>
    public void Run(CancellationToken cancellation)
    {
        while (true)
        {
            if (!Step(cancellation))
            {
                _work.Wait(cancellation);
            }
        }
    }

    /// <summary>One pass over the texts there are.</summary>
    /// <returns>Whether anything was done.</returns>
    /// <exception cref="OperationCanceledException">Cancelled, between passes or between the steps of one with prompts; texts
    /// stay as they are, but those that lost some of their past end.</exception>
    public bool Step(CancellationToken cancellation = default)
    {
        cancellation.ThrowIfCancellationRequested();
        DropCancelled();
        Admit();
        if (_running.Count == 0)
        {
            return false;
        }

        try
        {
            Pack();
            _model.Forward(_batch, cancellation);
            Choose();
        }
        catch (OperationCanceledException)
        {
            foreach (var generation in _running.Where(generation => generation.Sequence!.IsBroken))
            {
                generation.End();
            }

            _running.RemoveAll(generation => generation.IsDone);
            throw;
        }
        catch (Exception exception)
        {
            // The pass was everybody's: none of its texts can go on.
            foreach (var generation in _running)
            {
                generation.Fail(exception);
            }

            _running.Clear();
            throw;
        }

        _running.RemoveAll(generation => generation.IsDone);
        return true;
    }

    /// <summary>Cancels all texts.</summary>
    public void Dispose()
    {
        foreach (var generation in _running.Concat(_waiting).Concat(_submitted))
        {
            generation.End();
        }

        _running.Clear();
        _waiting.Clear();
        _submitted.Clear();
        _meter.Dispose();
        _work.Dispose();
    }

    private void DropCancelled()
    {
        foreach (var generation in _running)
        {
            if (generation.IsCancelled)
            {
                generation.End();
            }
        }

        _running.RemoveAll(generation => generation.IsDone);
    }

    private void Admit()
    {
        while (_submitted.TryDequeue(out var generation))
        {
            _waiting.Enqueue(generation);
        }

        // In order: a text that finds no room is not overtaken by one that needs less, or it might wait for ever.
        while (_waiting.TryPeek(out var next))
        {
            if (next.IsCancelled)
            {
                next.End();
            }
            else if (_model.TryOpen(next.MaxTokens, next.Prompt) is { } sequence)
            {
                next.Begin(sequence);
                _running.Add(next);
            }
            else
            {
                break;
            }

            _waiting.Dequeue();
        }
    }

    private void Pack()
    {
        _batch.Clear();
        _choosing.Clear();
        foreach (var generation in _running)
        {
            if (!generation.IsReading)
            {
                _batch.Decode(generation.Sequence!, generation.Next, generation.NextChoice());
                _choosing.Add(generation);
            }
        }

        foreach (var generation in _running)
        {
            int position = generation.Sequence!.Position;
            int count = generation.IsReading ? _model.ChunkLength(position, generation.Prompt.Length - position) : 0;
            // A chunk is never cut to fit, for that would change what is computed.
            if (count > 0 && _batch.TokenCount + count <= _model.MaxTokens)
            {
                bool isLast = position + count == generation.Prompt.Length;
                _batch.Prefill(
                    generation.Sequence,
                    generation.Prompt.AsMemory(position, count),
                    isLast,
                    isLast ? generation.NextChoice() : default);
                if (isLast)
                {
                    _choosing.Add(generation);
                }
            }
        }
    }

    private void Choose()
    {
        for (int row = 0; row < _choosing.Count; row++)
        {
            _choosing[row].Choose(row, _model);
        }
    }
}
