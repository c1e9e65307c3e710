using System.Diagnostics;
using System.Diagnostics.Metrics;
using Mistral.Ilgpu.Execution.Devices;
using Mistral.Ilgpu.Generation;
using Mistral.Ilgpu.Model;
using Mistral.Ilgpu.Observability;
using Mistral.Ilgpu.Tokenization;

namespace Mistral.Ilgpu;

/// <summary>
/// Continues many texts at once on a thread of its own: continuous batching. A text is a batch of one. What a text becomes does
/// not depend, bit for bit, on the others. Every member is for any thread.
/// </summary>
public sealed class Engine : IAsyncDisposable
{
    // A device that fails so often in a row is not asked again.
    private const int MostFailures = 3;

    private readonly IBatchModel _model;
    private readonly TextQueue _waiting;
    private readonly Scheduler _scheduler;
    private readonly Meter _meter = Telemetry.CreateMeter();
    private readonly CancellationTokenSource _stop = new();
    private readonly TaskCompletionSource _ended = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly object _sync = new();
    private bool _hasWork;
    private bool _isDraining;
    private long _passBegun;
    private volatile Exception? _fault;
    private volatile bool _isStopped;

    internal Engine(IBatchModel model, TextTokenizer tokenizer, int maxWaiting)
    {
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(maxWaiting);
        _model = model;
        _waiting = new TextQueue(maxWaiting);
        _scheduler = new Scheduler(model, tokenizer, _waiting);
        _meter.CreateObservableUpDownCounter(
            "mistral.texts.waiting", () => _waiting.Count, "{text}", "Texts submitted and not yet begun.");
        _meter.CreateObservableUpDownCounter(
            "mistral.texts.running", () => _scheduler.RunningCount, "{text}", "Texts that hold a place in the cache.");
        new Thread(Run) { IsBackground = true, Name = "Mistral.Ilgpu engine" }.Start();
    }

    /// <summary>What the engine does now.</summary>
    public EngineStatus Status
    {
        get
        {
            long begun = Volatile.Read(ref _passBegun);
            var state = _fault is not null ? EngineState.Faulted
                : _isStopped ? EngineState.Stopped
                : _waiting.IsFull ? EngineState.Busy
                : EngineState.Healthy;
            var passTime = begun == 0 ? TimeSpan.Zero : Stopwatch.GetElapsedTime(begun);
            return new EngineStatus(state, _scheduler.RunningCount, _waiting.Count, passTime, _fault);
        }
    }

    /// <summary>Queues a text.</summary>
    /// <param name="cancellation">Ends the text, waiting or running.</param>
    /// <exception cref="ArgumentException">The prompt is empty, an id of it or of a bias is not in the vocabulary, or an adapter is
    /// unknown.</exception>
    /// <exception cref="ContextFullException">The prompt alone is longer than the context.</exception>
    /// <exception cref="CacheFullException">The text might not fit the cache however empty.</exception>
    /// <exception cref="QueueFullException">As many texts wait as may.</exception>
    /// <exception cref="EngineStoppedException">The engine is stopped or has failed.</exception>
    public TextGeneration Submit(TextRequest request, CancellationToken cancellation = default)
    {
        ArgumentNullException.ThrowIfNull(request);
        cancellation.ThrowIfCancellationRequested();
        int[] prompt = [.. request.PromptIds];
        int maxTokens = Admit(request, prompt);
        var text = new TextGeneration(request, prompt, maxTokens, MaskOf(request.Adapters), Cancel);
        text.ScorePrompt();
        if (!_waiting.Add(text))
        {
            throw new EngineStoppedException(_fault);
        }

        text.CancelWith(cancellation);
        Wake();
        return text;
    }

    /// <summary>Takes no more texts, and ends once those that there are have ended.</summary>
    /// <param name="drain">Whether they are completed; otherwise they are cancelled.</param>
    public Task StopAsync(bool drain = true)
    {
        _isStopped = true;
        _waiting.Close();
        lock (_sync)
        {
            _isDraining = true;
        }

        if (!drain)
        {
            _stop.Cancel();
        }

        Wake();
        return _ended.Task;
    }

    /// <summary>Cancels all texts and waits until the last pass has ended.</summary>
    public async ValueTask DisposeAsync() => await StopAsync(drain: false).ConfigureAwait(false);

    /// <summary>Has the thread look for work.</summary>
    internal void Wake()
    {
        lock (_sync)
        {
            _hasWork = true;
            Monitor.Pulse(_sync);
        }
    }

    private int Admit(TextRequest request, int[] prompt)
    {
        ArgumentOutOfRangeException.ThrowIfZero(prompt.Length, nameof(request.PromptIds));
        foreach (int id in prompt.Concat(request.Options.Sampling.LogitBias.Keys))
        {
            if ((uint)id >= (uint)_model.VocabularySize)
            {
                throw new ArgumentOutOfRangeException(
                    nameof(request), id, $"a token id outside the vocabulary, expected ids below {_model.VocabularySize}");
            }
        }

        int context = _model.Context ?? int.MaxValue;
        if (prompt.Length > context)
        {
            throw new ContextFullException(context, prompt.Length);
        }

        int wanted = request.EndsAfterPrompt ? 0 : request.Options.MaxTokens;
        int maxTokens = (int)Math.Min(prompt.Length + (long)wanted, context);
        _model.Sequences.RequireRoom(maxTokens);
        return maxTokens;
    }

    private ulong MaskOf(IReadOnlyList<string>? adapters)
    {
        if (adapters is null)
        {
            return (1UL << _model.AdapterNames.Count) - 1;
        }

        ulong mask = 0;
        foreach (string name in adapters)
        {
            int index = _model.AdapterNames.ToList().IndexOf(name);
            mask |= index >= 0
                ? 1UL << index
                : throw new ArgumentException(
                    $"adapter '{name}', expected {(_model.AdapterNames.Count == 0 ? "none" : string.Join(", ", _model.AdapterNames))}",
                    nameof(adapters));
        }

        return mask;
    }

    private void Cancel(TextGeneration text)
    {
        if (_waiting.Take(text))
        {
            text.End(FinishReason.Cancelled);
        }

        Wake();
    }

    private void Run()
    {
        try
        {
            Work();
            _scheduler.EndAll(fault: null);
        }
        catch (OperationCanceledException) when (_stop.IsCancellationRequested)
        {
            _scheduler.EndAll(fault: null);
        }
        catch (Exception exception)
        {
            _fault = exception;
            _waiting.Close();
            _scheduler.EndAll(exception);
        }
        finally
        {
            Volatile.Write(ref _passBegun, 0);
            _meter.Dispose();
            _ended.TrySetResult();
        }
    }

    private void Work()
    {
        for (int failures = 0; ;)
        {
            bool isDraining = TakeWork();
            try
            {
                Volatile.Write(ref _passBegun, Stopwatch.GetTimestamp());
                bool hasWorked = _scheduler.Step(_stop.Token);
                failures = 0;
                if (!hasWorked)
                {
                    Volatile.Write(ref _passBegun, 0);
                    if (isDraining)
                    {
                        return;
                    }

                    WaitForWork();
                }
            }
            catch (Exception exception) when (!_stop.IsCancellationRequested && !ComputeDevice.IsFault(exception) && ++failures < MostFailures)
            {
                // The pass's texts have failed with it; others go on.
            }
        }
    }

    private bool TakeWork()
    {
        lock (_sync)
        {
            _hasWork = false;
            return _isDraining;
        }
    }

    private void WaitForWork()
    {
        lock (_sync)
        {
            while (!_hasWork)
            {
                Monitor.Wait(_sync);
            }
        }
    }
}
