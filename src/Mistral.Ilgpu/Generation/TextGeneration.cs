using System.Diagnostics;
using System.Threading.Channels;
using Mistral.Ilgpu.Kernels;
using Mistral.Ilgpu.Model;
using Mistral.Ilgpu.Model.Cache;

namespace Mistral.Ilgpu.Generation;

/// <summary>
/// One text of an <see cref="Engine"/>. One reader may enumerate its tokens as they are chosen. Leaving the enumeration stops the
/// text; a text that nobody reads runs to its end. The properties may be read at any time, and are final once
/// <see cref="Completion"/> is.
/// </summary>
public sealed partial class TextGeneration : IAsyncEnumerable<GeneratedToken>
{
    private static readonly TimeSpan FastToken = TimeSpan.FromMilliseconds(1);
    private static readonly TimeSpan Pause = TimeSpan.FromMilliseconds(16);

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
    private readonly PromptScore? _promptScore;
    private long _begun;
    private TokenChoice? _choice;
    private int _isClosed;
    private volatile bool _isCancelled;

    internal TextGeneration(TextRequest request, int[] prompt, int maxTokens, AdapterSet adapters, Action<TextGeneration> cancel)
    {
        (Request, Prompt, MaxTokens, Adapters, _cancel) = (request, prompt, maxTokens, adapters, cancel);
        Seed = request.Options.Sampling.Seed ?? (ulong)Random.Shared.NextInt64();
        _promptScore = request.Options.PromptLogProbabilities is { } top ? new PromptScore(prompt, top, keepsLast: false) : null;
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

    /// <summary>The tokens as they are chosen, then the failure if the text has failed.</summary>
    /// <param name="cancellationToken">Ends the enumeration and the text.</param>
    /// <exception cref="OperationCanceledException">The token of the enumeration, or the one that the text was submitted with, is
    /// cancelled.</exception>
    public async IAsyncEnumerator<GeneratedToken> GetAsyncEnumerator(CancellationToken cancellationToken = default)
    {
        try
        {
            long waited = Stopwatch.GetTimestamp();
            while (await _tokens.Reader.WaitToReadAsync(cancellationToken).ConfigureAwait(false))
            {
                while (_tokens.Reader.TryRead(out var token))
                {
                    yield return token;
                }

                // Waking a reader for each token of a small model takes longer than the token. The end is not delayed.
                if (Stopwatch.GetElapsedTime(waited) < FastToken)
                {
                    await Task.WhenAny(Task.Delay(Pause, cancellationToken), Completion).ConfigureAwait(false);
                }

                waited = Stopwatch.GetTimestamp();
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
}
