using System.Diagnostics;
using System.Text;
using Mistral.Ilgpu.Generation;
using Xunit;

namespace Mistral.Ilgpu.Tests.Generation.Simulation;

/// <summary>One text of a simulation: how it is submitted, read and ended, and what it must have become.</summary>
internal sealed partial class SimulatedText(EngineSimulation simulation, TextDraw draw)
{
    private readonly StringBuilder _streamed = new();
    private readonly List<int> _streamedIds = [];
    private bool _isReadToEnd;
    private Exception? _fault;
    private (FinishReason Reason, int Count, string Text) _atEnd;
    private long _before;
    private long _after;

    /// <summary>Null if it was refused.</summary>
    public TextGeneration? Text { get; private set; }

    /// <summary>The tokens of the prompt and those generated.</summary>
    public IEnumerable<int> Ids => Text is null ? draw.Request.PromptIds : [.. draw.Request.PromptIds, .. Text.Ids];

    public async Task Run()
    {
        using var source = new CancellationTokenSource();
        if (!await Submit(source.Token))
        {
            return;
        }

        var text = Text!;
        var cancelling = Task.CompletedTask;
        switch (draw.Ending)
        {
            case Ending.AtOnce:
                text.Cancel();
                break;
            case Ending.ByAnotherThread:
                cancelling = Task.Run(text.Cancel);
                break;
            case Ending.ByToken when draw.Reading == Reading.Never:
                cancelling = Task.Run(source.Cancel);
                break;
        }

        if (draw.Reading != Reading.Never)
        {
            await Read(text, source);
        }

        try
        {
            await text.Completion;
        }
        catch (Exception exception)
        {
            _fault = exception;
        }

        await cancelling;
        _atEnd = (text.FinishReason, text.Ids.Count, text.Text);
        Verify(text);
    }

    /// <summary>Checks that the text is still what it was when it had ended.</summary>
    public void VerifyEndedOnce()
    {
        if (Text is { } text)
        {
            Assert.Equal(_atEnd, (text.FinishReason, text.Ids.Count, text.Text));
            Assert.Null(text.Sequence);
        }
    }

    /// <summary>Whether a text that came behind this one in the queue, or was put there, began before it for sure.</summary>
    public bool IsOvertakenBy(SimulatedText other)
    {
        if (Text is not { Timings.QueueTime: var queued } text || queued == TimeSpan.Zero
            || other.Text is not { Timings.QueueTime: var otherQueued } late || otherQueued == TimeSpan.Zero)
        {
            return false;
        }

        bool isBehind = late.Request.Priority < text.Request.Priority
            || (late.Request.Priority == text.Request.Priority && late.Arrival > text.Arrival);
        long begun = other._before + Ticks(otherQueued);
        return isBehind && begun > _after && other._after + Ticks(otherQueued) < _before + Ticks(queued);
    }

    /// <summary>What became of it, in a word or two.</summary>
    public string Fate => (_fault?.GetType().Name ?? Text!.FinishReason.ToString())
        + (Text!.Timings.QueueTime == TimeSpan.Zero ? " waiting"
            : Text.CachedTokens == 0 ? ""
            : Text.Request.PrefixReuse == PrefixReuse.None ? " continued"
            : " shared");

    public override string ToString() => FormattableString.Invariant(
        $"{draw} {Text?.FinishReason} ids {Text?.Ids.Count} completed {Text?.Completion.IsCompleted} last pass {Text?.LastPass}");

    private static long Ticks(TimeSpan time) => (long)(time.TotalSeconds * Stopwatch.Frequency);

    private async Task<bool> Submit(CancellationToken cancellation)
    {
        draw.Submitted = () => Text;
        for (int attempt = 0; ; attempt++)
        {
            try
            {
                _before = Stopwatch.GetTimestamp();
                Text = simulation.Engine.Submit(draw.Request, cancellation);
                _after = Stopwatch.GetTimestamp();
                return true;
            }
            catch (QueueFullException) when (attempt < 20)
            {
                await Task.Delay(1, CancellationToken.None);
            }
            catch (QueueFullException)
            {
                return false;
            }
            catch (EngineStoppedException exception)
            {
                bool isExpected = exception.InnerException is null ? simulation.IsStopped : simulation.Device.HasFailed;
                Assert.True(isExpected, exception.ToString());
                return false;
            }
        }
    }

    private async Task Read(TextGeneration text, CancellationTokenSource source)
    {
        using var readers = new CancellationTokenSource();
        try
        {
            await foreach (var token in text.WithCancellation(readers.Token))
            {
                Assert.StartsWith(_streamed.Append(token.Text).ToString(), text.Text, StringComparison.Ordinal);
                if (token.Id is { } id)
                {
                    _streamedIds.Add(id);
                }

                if (_streamedIds.Count == draw.EndsAfter && EndByReader(text, source, readers))
                {
                    return;
                }

                if (draw.Reading == Reading.Slow)
                {
                    await (_streamedIds.Count % 8 == 0 ? Task.Delay(1) : Task.Run(() => { }));
                }
            }

            _isReadToEnd = true;
        }
        catch (OperationCanceledException) when (draw.Ending is Ending.ByToken or Ending.ByReadersToken)
        {
        }
        catch (Exception exception) when (exception is SimulatedFault or DeviceException)
        {
            _isReadToEnd = true;
            var whole = await Assert.ThrowsAnyAsync<Exception>(() => text.Completion);
            Assert.Same(whole, exception);
        }
    }

    /// <returns>Whether the reader leaves.</returns>
    private bool EndByReader(TextGeneration text, CancellationTokenSource source, CancellationTokenSource readers)
    {
        switch (draw.Ending)
        {
            case Ending.ByLeaving:
                return true;
            case Ending.ByReader:
                text.Cancel();
                break;
            case Ending.ByReadersToken:
                readers.Cancel();
                break;
            case Ending.ByToken:
                source.Cancel();
                break;
        }

        return false;
    }
}
