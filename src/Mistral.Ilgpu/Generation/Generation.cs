using System.Diagnostics;

namespace Mistral.Ilgpu.Generation;

/// <summary>
/// One continuation of one text. <see cref="Run"/> hands out tokens as they are chosen; the texts it hands out, joined, are
/// <see cref="Text"/>. Once it has ended the other properties are final.
/// </summary>
internal sealed class Generation
{
    private readonly ILogitSource _model;
    private readonly int[] _prompt;
    private readonly Continuation _continuation;
    private readonly int[] _next = new int[1];

    internal Generation(ILogitSource model, int[] prompt, Continuation continuation) =>
        (_model, _prompt, _continuation) = (model, prompt, continuation);

    public IReadOnlyList<int> PromptIds => _prompt;

    /// <summary>The tokens chosen, without the one that ended the text, but with those of a stop string.</summary>
    public IReadOnlyList<int> Ids => _continuation.Ids;

    /// <summary>The text of <see cref="Ids"/>, up to a stop string.</summary>
    public string Text => _continuation.Text;

    public FinishReason FinishReason => _continuation.Ending ?? FinishReason.Cancelled;

    public GenerationTimings Timings { get; private set; }

    /// <summary>Generates. Cancellation ends the text and throws nothing.</summary>
    /// <exception cref="Model.ContextFullException">The prompt alone is longer than the context.</exception>
    public IEnumerable<GeneratedToken> Run(CancellationToken cancellation = default)
    {
        var clock = Stopwatch.StartNew();
        var activity = TextTelemetry.StartText();
        try
        {
            int read = _model.Position;
            bool isAlive = TryForward(_prompt.AsSpan(read), cancellation);
            _next[0] = isAlive ? Choose() : -1;
            var prefillTime = clock.Elapsed;
            Timings = new GenerationTimings(Math.Max(0, _model.Position - read), prefillTime, 0, TimeSpan.Zero, TimeSpan.Zero);
            while (isAlive && _continuation.Add(_next[0], isLast: _model.Position >= _model.Context) is { } token)
            {
                if (Ids.Count == 1)
                {
                    Timings = Timings with { FirstTokenTime = clock.Elapsed };
                }

                yield return token;

                isAlive = _continuation.Ending is null && TryForward(_next, cancellation);
                if (isAlive)
                {
                    _next[0] = Choose();
                    Timings = Timings with { DecodeTokens = Timings.DecodeTokens + 1, DecodeTime = clock.Elapsed - prefillTime };
                }
            }

            if (_continuation.End() is { } rest)
            {
                yield return rest;
            }

            _model.End();
        }
        finally
        {
            TextTelemetry.OnEnd(activity, Timings, FinishReason);
        }
    }

    private bool TryForward(ReadOnlySpan<int> ids, CancellationToken cancellation)
    {
        try
        {
            cancellation.ThrowIfCancellationRequested();
            _model.Forward(ids, _continuation.NextChoice(), cancellation);
            return true;
        }
        catch (OperationCanceledException)
        {
            return false;
        }
    }

    private int Choose()
    {
        if (!_continuation.NeedsLogits)
        {
            return _model.Choose();
        }

        _model.ReadLogits(_continuation.Logits);
        return _continuation.Sample();
    }
}
