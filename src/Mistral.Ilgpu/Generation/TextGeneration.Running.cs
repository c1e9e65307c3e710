using System.Diagnostics;
using Mistral.Ilgpu.Kernels;
using Mistral.Ilgpu.Model;
using Mistral.Ilgpu.Model.Cache;

namespace Mistral.Ilgpu.Generation;

/// <summary>The members that the engine uses.</summary>
public sealed partial class TextGeneration
{
    internal TextRequest Request { get; }

    internal int[] Prompt { get; }

    /// <summary>Tokens that it may come to have, the prompt included.</summary>
    internal int MaxTokens { get; }

    /// <summary>Its adapters, which are in use until it ends.</summary>
    internal AdapterSet Adapters { get; }

    internal PromptReader? Reader => Request.Reader ?? _promptScore;

    /// <summary>Whether its prompt may be shared. It may not where something is read from each of its tokens.</summary>
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

    /// <summary>Registers the token that cancels the text. Call it before the text is queued.</summary>
    internal void CancelWith(CancellationToken cancellation)
    {
        _cancellation = cancellation;
        _registration = cancellation.UnsafeRegister(static text => ((TextGeneration)text!).Cancel(), this);
    }

    /// <summary>Gives the text its place in the cache.</summary>
    internal void Begin(Sequence sequence)
    {
        (Sequence, CachedTokens) = (sequence, sequence.Position);
        _begun = Stopwatch.GetTimestamp();
        Timings = Timings with { QueueTime = Stopwatch.GetElapsedTime(_submitted, _begun) };
        TextTelemetry.OnBegin(Timings.QueueTime, CachedTokens);
    }

    /// <summary>Gives the text what chooses its tokens.</summary>
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

    /// <summary>Ends the text once. The reason counts only if the text has not ended by itself. The caller gives its place in the
    /// cache back.</summary>
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

    // The text ends even if a part of it throws, such as a list of the caller's.
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
        Adapters.Return();
        TextTelemetry.OnEnd(_activity, Prompt.Length, Ids.Count, Timings, FinishReason, exception);
        // Complete before the enumeration ends, for those who look at both.
        if (exception is null)
        {
            _completion.TrySetResult();
        }
        else
        {
            _completion.TrySetException(exception);
            // Marks the failure as observed, because the enumeration throws it too.
            _ = _completion.Task.Exception;
        }

        _tokens.Writer.TryComplete(exception);
    }
}
