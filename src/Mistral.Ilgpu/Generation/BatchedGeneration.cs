using System.Diagnostics;
using System.Threading.Channels;
using Mistral.Ilgpu.Kernels;
using Mistral.Ilgpu.Model;
using Mistral.Ilgpu.Model.Cache;

namespace Mistral.Ilgpu.Generation;

/// <summary>
/// One text of a <see cref="BatchGenerator"/>, to be read by one reader as it is generated. Its place in the cache is given back
/// when it ends. Once <see cref="Completion"/> is, the other properties are final.
/// </summary>
internal sealed class BatchedGeneration
{
    private readonly Channel<GeneratedToken> _tokens = Channel.CreateUnbounded<GeneratedToken>(
        new UnboundedChannelOptions { SingleReader = true, SingleWriter = true });

    private readonly TaskCompletionSource _completion = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly Continuation _continuation;
    private readonly Action _wake;
    private readonly Activity? _activity = TextTelemetry.StartText();
    private readonly long _submitted = Stopwatch.GetTimestamp();
    private long _begun;
    private int _readFrom;
    private TokenChoice? _choice;
    private volatile bool _isCancelled;

    internal BatchedGeneration(int[] prompt, int maxTokens, Continuation continuation, Action wake) =>
        (Prompt, MaxTokens, _continuation, _wake) = (prompt, maxTokens, continuation, wake);

    public IReadOnlyList<int> PromptIds => Prompt;

    /// <summary>The tokens chosen, without the one that ended the text, but with those of a stop string.</summary>
    public IReadOnlyList<int> Ids => _continuation.Ids;

    /// <summary>The text of <see cref="Ids"/>, up to a stop string.</summary>
    public string Text => _continuation.Text;

    public FinishReason FinishReason => _continuation.Ending ?? FinishReason.Cancelled;

    /// <summary>From when the text got its place; what was waited before is not in it.</summary>
    public GenerationTimings Timings { get; private set; }

    /// <summary>Ends with the text, read or not; fails if its passes did.</summary>
    public Task Completion => _completion.Task;

    /// <summary>Tokens of the prompt that other texts had computed already.</summary>
    public int SharedTokens => _readFrom;

    internal int[] Prompt { get; }

    internal int MaxTokens { get; }

    internal Sequence? Sequence { get; private set; }

    /// <summary>The token chosen last.</summary>
    internal int Next { get; private set; }

    internal bool IsReading => Sequence!.Position < Prompt.Length;

    internal bool IsCancelled => _isCancelled;

    internal bool IsDone { get; private set; }

    /// <summary>The tokens as they are chosen; the enumeration ends with the text.</summary>
    public IAsyncEnumerable<GeneratedToken> ReadAsync(CancellationToken cancellation = default) =>
        _tokens.Reader.ReadAllAsync(cancellation);

    /// <summary>Ends the text before its next token, waiting or running.</summary>
    public void Cancel()
    {
        _isCancelled = true;
        _wake();
    }

    internal void Begin(Sequence sequence)
    {
        Sequence = sequence;
        _readFrom = sequence.Position;
        _begun = Stopwatch.GetTimestamp();
        TextTelemetry.OnBegin(Stopwatch.GetElapsedTime(_submitted, _begun), _readFrom);
    }

    /// <summary>How the model is to choose the next token, the same until it is chosen.</summary>
    internal TokenChoice NextChoice() => _choice ??= _continuation.NextChoice();

    /// <summary>Takes the next token, chosen from a row of logits.</summary>
    internal void Choose(int row, MistralModel model)
    {
        int next;
        try
        {
            next = _continuation.NeedsLogits ? Sample(row, model) : model.Choose(row);
        }
        catch (Exception exception) when (exception is ModelFileException or ArithmeticException)
        {
            // Logits that are no numbers are this text's alone.
            Fail(exception);
            return;
        }

        Take(next, model);
    }

    private int Sample(int row, MistralModel model)
    {
        model.ReadLogits(row, _continuation.Logits);
        return _continuation.Sample();
    }

    private void Take(int next, MistralModel model)
    {
        (Next, _choice) = (next, null);
        var elapsed = Stopwatch.GetElapsedTime(_begun);
        Timings = Timings.PrefillTokens == 0
            ? new GenerationTimings(Prompt.Length - _readFrom, elapsed, 0, TimeSpan.Zero, elapsed)
            : Timings with { DecodeTokens = Timings.DecodeTokens + 1, DecodeTime = elapsed - Timings.PrefillTime };
        if (_continuation.Add(Next, isLast: Sequence!.Position >= MaxTokens) is { } token)
        {
            _tokens.Writer.TryWrite(token);
        }

        if (_continuation.Ending is not null)
        {
            model.CheckCache(Sequence);
            End();
        }
    }

    /// <summary>Ends the text and gives its place back.</summary>
    internal void End()
    {
        if (!IsDone)
        {
            if (_continuation.End() is { } rest)
            {
                _tokens.Writer.TryWrite(rest);
            }

            Close(null);
        }
    }

    internal void Fail(Exception exception) => Close(exception);

    private void Close(Exception? exception)
    {
        IsDone = true;
        Sequence?.Dispose();
        TextTelemetry.OnEnd(_activity, Timings, FinishReason, exception);
        _tokens.Writer.TryComplete(exception);
        if (exception is null)
        {
            _completion.TrySetResult();
        }
        else
        {
            _completion.TrySetException(exception);
        }
    }
}
