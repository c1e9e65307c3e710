using System.Diagnostics;
using System.Threading.Channels;
using Mistral.Ilgpu.Kernels;
using Mistral.Ilgpu.Model.Cache;

namespace Mistral.Ilgpu.Generation;

/// <summary>
/// One text of an <see cref="Engine"/>. Enumerating it gives its tokens as they are chosen, to one reader; leaving the enumeration
/// stops the text. It goes on whether it is read or not. The properties may be read at any time and are final once
/// <see cref="Completion"/> is.
/// </summary>
public sealed class TextGeneration : IAsyncEnumerable<GeneratedToken>
{
    private readonly Channel<GeneratedToken> _tokens = Channel.CreateUnbounded<GeneratedToken>(
        new UnboundedChannelOptions { SingleReader = true, SingleWriter = true });

    private readonly TaskCompletionSource _completion = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly Action<TextGeneration> _cancel;
    private readonly Activity? _activity = TextTelemetry.StartText();
    private readonly long _submitted = Stopwatch.GetTimestamp();
    private readonly Lock _lock = new();
    private CancellationTokenRegistration _registration;
    private CancellationToken _cancellation;
    private Continuation? _continuation;
    private FinishReason? _endedEarly;
    private PromptScore? _promptScore;
    private long _begun;
    private TokenChoice? _choice;
    private int _isClosed;
    private volatile bool _isCancelled;

    internal TextGeneration(TextRequest request, int[] prompt, int maxTokens, ulong adapters, Action<TextGeneration> cancel)
    {
        (Request, Prompt, MaxTokens, Adapters, _cancel) = (request, prompt, maxTokens, adapters, cancel);
        Seed = request.Options.Sampling.Seed ?? (ulong)Random.Shared.NextInt64();
    }

    /// <summary>The tokens that the text begins with.</summary>
    public IReadOnlyList<int> PromptIds => Prompt;

    /// <summary>The tokens chosen so far, without the one that ended the text, but with those of a stop string.</summary>
    public IReadOnlyList<int> Ids => _continuation?.Ids ?? [];

    /// <summary>The text of <see cref="Ids"/> so far, up to a stop string.</summary>
    public string Text => _continuation?.Text ?? "";

    /// <summary>Why the text has ended; <see cref="Generation.FinishReason.Cancelled"/> while it has not.</summary>
    public FinishReason FinishReason => _continuation?.Ending ?? _endedEarly ?? FinishReason.Cancelled;

    /// <summary>The stop string that ended it; null for others.</summary>
    public string? StopText => _continuation?.StopText;

    /// <summary>Where the time went so far.</summary>
    public GenerationTimings Timings
    {
        get
        {
            lock (_lock)
            {
                return field;
            }
        }

        private set
        {
            lock (_lock)
            {
                field = value;
            }
        }
    }

    /// <summary>Decides every draw: the seed of the options, or one made for this text.</summary>
    public ulong Seed { get; }

    /// <summary>Ends with the text, read or not. It fails if the text's passes did, and succeeds for a cancelled text.</summary>
    public Task Completion => _completion.Task;

    /// <summary>Tokens of the prompt whose keys and values were there already, from other texts or an earlier turn.</summary>
    public int CachedTokens { get; private set; }

    /// <summary>The log-probabilities of the prompt's tokens after its first, once they are computed; empty unless
    /// <see cref="GenerationOptions.PromptLogProbabilities"/> asks for them.</summary>
    public IReadOnlyList<double> PromptLogProbabilities => _promptScore?.Values ?? [];

    /// <summary>The likeliest tokens in the place of each token of the prompt after its first; empty unless asked for.</summary>
    public IReadOnlyList<IReadOnlyList<TokenLogProbability>> PromptTopLogProbabilities => _promptScore?.Top ?? [];

    internal TextRequest Request { get; }

    internal int[] Prompt { get; }

    /// <summary>Tokens that it may come to have, the prompt included.</summary>
    internal int MaxTokens { get; }

    /// <summary>The mask of its adapters.</summary>
    internal ulong Adapters { get; }

    internal PromptReader? Reader => Request.Reader ?? _promptScore;

    /// <summary>Whether its prompt may be shared: not where something is read from each of its tokens.</summary>
    internal bool MayShare => Reader is null && Request.PrefixReuse != PrefixReuse.None;

    /// <summary>Its place in the cache while it runs.</summary>
    internal Sequence? Sequence { get; private set; }

    /// <summary>The token chosen last.</summary>
    internal int Next { get; private set; }

    /// <summary>Its number in the order of submissions.</summary>
    internal long Arrival { get; set; }

    /// <summary>The pass that took its tokens last; 0 for none.</summary>
    internal long LastPass { get; set; }

    /// <summary>Texts that began before it although they came later.</summary>
    internal int Overtaken { get; set; }

    internal bool IsReading => Sequence!.Position < Prompt.Length;

    internal bool IsCancelled => _isCancelled;

    internal bool IsClosed => Volatile.Read(ref _isClosed) != 0;

    internal bool IsOverdue => Request.Deadline is { } deadline && Stopwatch.GetElapsedTime(_submitted) >= deadline;

    internal bool NeedsLogits => _continuation!.NeedsLogits;

    /// <summary>Whether nothing more is to be computed of it.</summary>
    internal bool HasEnded => _continuation?.Ending is not null || (Request.EndsAfterPrompt && !IsReading);

    /// <summary>The tokens as they are chosen, then the failure if the text has failed.</summary>
    /// <param name="cancellationToken">Ends the enumeration and the text.</param>
    /// <exception cref="OperationCanceledException">The token of the enumeration, or the one that the text was submitted with, is
    /// cancelled.</exception>
    public async IAsyncEnumerator<GeneratedToken> GetAsyncEnumerator(CancellationToken cancellationToken = default)
    {
        try
        {
            await foreach (var token in _tokens.Reader.ReadAllAsync(cancellationToken).ConfigureAwait(false))
            {
                yield return token;
            }

            if (FinishReason == FinishReason.Cancelled)
            {
                _cancellation.ThrowIfCancellationRequested();
            }
        }
        finally
        {
            Cancel();
        }
    }

    /// <summary>Ends the text before its next token, waiting or running; does nothing for one that has ended.</summary>
    public void Cancel()
    {
        _isCancelled = true;
        if (!IsClosed)
        {
            _cancel(this);
        }
    }

    /// <summary>Has a token cancel the text; to be called before it is queued.</summary>
    internal void CancelWith(CancellationToken cancellation)
    {
        _cancellation = cancellation;
        _registration = cancellation.UnsafeRegister(static text => ((TextGeneration)text!).Cancel(), this);
    }

    /// <summary>Asks for the log-probabilities of the prompt, if the options do.</summary>
    internal void ScorePrompt()
    {
        if (Request.Options.PromptLogProbabilities is { } top)
        {
            _promptScore = new PromptScore(Prompt, top, keepsLast: false);
        }
    }

    /// <summary>Has its place in the cache from now on.</summary>
    internal void Begin(Sequence sequence)
    {
        (Sequence, CachedTokens) = (sequence, sequence.Position);
        _begun = Stopwatch.GetTimestamp();
        Timings = Timings with { QueueTime = Stopwatch.GetElapsedTime(_submitted, _begun) };
        TextTelemetry.OnBegin(Timings.QueueTime, CachedTokens);
    }

    /// <summary>Is continued from now on.</summary>
    internal void Continue(Continuation continuation) => _continuation = continuation;

    /// <summary>How the model is to choose the next token, the same until it is chosen.</summary>
    internal TokenChoice NextChoice() => _choice ??= _continuation!.NextChoice();

    /// <summary>Chooses the next token from its logits, which are changed, and takes it.</summary>
    internal void Choose(Span<float> logits)
    {
        int id = _continuation!.Choose(logits, out var logProbabilities);
        Take(id, logProbabilities);
    }

    /// <summary>Takes the next token.</summary>
    internal void Take(int next, (double Chosen, TokenLogProbability[] Top)? logProbabilities = null)
    {
        (Next, _choice) = (next, null);
        var elapsed = Stopwatch.GetElapsedTime(_begun);
        Timings = Timings.PrefillTokens == 0
            ? Timings with
            {
                PrefillTokens = Prompt.Length - CachedTokens, PrefillTime = elapsed,
                FirstTokenTime = Stopwatch.GetElapsedTime(_submitted),
            }
            : Timings with { DecodeTokens = Timings.DecodeTokens + 1, DecodeTime = elapsed - Timings.PrefillTime };
        if (_continuation!.Add(Next, isLast: Sequence!.Position >= MaxTokens) is { } token)
        {
            _tokens.Writer.TryWrite(logProbabilities is { } known
                ? token with { LogProbability = known.Chosen, TopLogProbabilities = known.Top }
                : token);
        }
    }

    /// <summary>Ends the text once, for this reason if it would have gone on. Its place in the cache is another's to give
    /// back.</summary>
    internal void End(FinishReason reason)
    {
        if (TryClose())
        {
            _endedEarly = reason;
            Complete(EndContinuation(reason));
        }
    }

    /// <summary>Ends the text once, with a failure.</summary>
    internal void Fail(Exception exception)
    {
        if (TryClose())
        {
            _ = EndContinuation(FinishReason.Cancelled);
            Complete(exception);
        }
    }

    /// <summary>Leaves the place in the cache to another.</summary>
    internal Sequence? ReleaseSequence()
    {
        var sequence = Sequence;
        Sequence = null;
        return sequence;
    }

    // What its own parts throw, such as a list of the caller's, must not keep it from ending.
    private Exception? EndContinuation(FinishReason reason)
    {
        try
        {
            if (_continuation?.End(reason) is { } rest)
            {
                _tokens.Writer.TryWrite(rest);
            }

            return null;
        }
        catch (Exception exception)
        {
            return exception;
        }
    }

    private bool TryClose() => Interlocked.Exchange(ref _isClosed, 1) == 0;

    private void Complete(Exception? exception)
    {
        // Does not wait for a cancellation that is under way, which may be what ends the text.
        _registration.Unregister();
        TextTelemetry.OnEnd(_activity, Prompt.Length, Ids.Count, Timings, FinishReason, exception);
        // Complete before the enumeration ends, for those who look at both.
        if (exception is null)
        {
            _completion.TrySetResult();
        }
        else
        {
            _completion.TrySetException(exception);
            // The failure comes with the enumeration too; nobody has to look at both.
            _ = _completion.Task.Exception;
        }

        _tokens.Writer.TryComplete(exception);
    }
}
