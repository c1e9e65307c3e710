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

    private readonly TextTokenizer _tokenizer;
    private readonly RequestRules _rules;
    private readonly AdapterTable _adapters;
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
        _tokenizer = tokenizer;
        _rules = new RequestRules(model);
        _adapters = model.Adapters;
        _waiting = new TextQueue(maxWaiting);
        _scheduler = new Scheduler(model, tokenizer, _waiting);
        Telemetry.Publish(() => _meter.CreateObservableUpDownCounter(
            "mistral.texts.waiting", () => _waiting.Count, "{text}", "Texts submitted and not yet begun."));
        Telemetry.Publish(() => _meter.CreateObservableUpDownCounter(
            "mistral.texts.running", () => _scheduler.RunningCount, "{text}", "Texts that hold a place in the cache."));
        // Has nothing of the thread that loads, such as its activity.
        new Thread(Run) { IsBackground = true, Name = "Mistral.Ilgpu engine" }.UnsafeStart();
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
    /// <exception cref="ArgumentException">The prompt is empty, an id of it or of a bias is not in the vocabulary, or an adapter
    /// is unknown.</exception>
    /// <exception cref="ContextFullException">The prompt alone is longer than the context.</exception>
    /// <exception cref="CacheFullException">The text might not fit the cache however empty.</exception>
    /// <exception cref="QueueFullException">As many texts wait as may.</exception>
    /// <exception cref="EngineStoppedException">The engine is stopped or has failed.</exception>
    public TextGeneration Submit(TextRequest request, CancellationToken cancellation = default)
    {
        ArgumentNullException.ThrowIfNull(request);
        cancellation.ThrowIfCancellationRequested();
        int[] prompt = [.. request.PromptIds];
        int maxTokens = _rules.Admit(request, prompt);
        // Here and not on the engine's thread, because the first time takes long.
        request.Options.Constraint?.Prepare(_tokenizer);
        var text = new TextGeneration(request, prompt, maxTokens, _adapters.Take(request.Adapters), Cancel);
        text.CancelWith(cancellation);
        Queue(text);
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

    private void Queue(TextGeneration text)
    {
        try
        {
            if (!_waiting.Add(text))
            {
                throw new EngineStoppedException(_fault);
            }
        }
        catch (Exception exception)
        {
            text.Fail(exception);
            throw;
        }

        // Cancelled before there was anything to withdraw.
        if (text.IsCancelled)
        {
            Cancel(text);
        }
    }

    private void Cancel(TextGeneration text)
    {
        if (_waiting.Withdraw(text))
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
        catch (Exception exception) when (IsStop(exception))
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
            Telemetry.Close(_meter);
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
                if (_scheduler.Step(_stop.Token))
                {
                    failures = 0;
                    continue;
                }

                Volatile.Write(ref _passBegun, 0);
                if (isDraining)
                {
                    return;
                }

                WaitForWork();
            }
            catch (Exception exception)
                when (!IsStop(exception) && !ComputeDevice.IsFault(exception) && ++failures < MostFailures)
            {
                // Others go on.
                _scheduler.FailPass(exception);
            }
        }
    }

    private bool IsStop(Exception exception) => exception is OperationCanceledException && _stop.IsCancellationRequested;

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
