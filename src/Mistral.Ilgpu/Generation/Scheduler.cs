using Mistral.Ilgpu.Execution.Devices;
using Mistral.Ilgpu.Model;
using Mistral.Ilgpu.Tokenization;

namespace Mistral.Ilgpu.Generation;

/// <summary>
/// Continuous batching: each pass takes the next token of every text that is generated and, as far as there is room, the next
/// chunks of prompts in turn. The tokens of a text do not depend on the others. One thread calls it.
/// </summary>
internal sealed class Scheduler(IBatchModel model, TextTokenizer tokenizer, TextQueue waiting)
{
    private readonly List<TextGeneration> _running = [];
    private readonly Admission _admission = new(model, waiting);
    private readonly Batch _batch = new();
    private readonly HostChoice _host = new(model.VocabularySize);
    private readonly float[] _logits = new float[model.VocabularySize];

    // Those of the present pass, in the order of their rows of logits.
    private readonly List<TextGeneration> _choosing = [];

    // Chunks of the present pass, in its order: the text, and its first token among those of prompts.
    private readonly List<(TextGeneration Text, int First, int Position, int Count)> _chunks = [];

    // Those whose prompts could be in the present pass.
    private readonly List<TextGeneration> _prompts = [];

    // Texts with a part in the present pass.
    private readonly List<TextGeneration> _taken = [];
    private int _decoded;
    private long _pass;
    private volatile int _runningCount;

    /// <summary>Texts that hold a place in the cache; for any thread.</summary>
    public int RunningCount => _runningCount;

    /// <summary>One pass over the texts there are.</summary>
    /// <returns>Whether anything was done.</returns>
    /// <exception cref="OperationCanceledException">Cancelled: end all texts.</exception>
    /// <exception cref="Exception">The pass failed: fail its texts or end all.</exception>
    public bool Step(CancellationToken cancellation)
    {
        cancellation.ThrowIfCancellationRequested();
        _taken.Clear();
        DropEnded();
        var admitted = _admission.Admit(isAlone: _running.Count == 0);
        foreach (var text in admitted)
        {
            Begin(text);
        }

        RemoveClosed();
        if (_running.Count == 0)
        {
            // A text that failed as it began has left its place to others.
            return admitted.Count > 0;
        }

        Pack();
        model.Forward(_batch, cancellation);
        Choose();
        ReadPrompts();
        EndFinished();
        RemoveClosed();
        return true;
    }

    /// <summary>Fails the texts of the pass that threw.</summary>
    public void FailPass(Exception exception)
    {
        foreach (var text in _taken)
        {
            Fail(text, exception);
        }

        RemoveClosed();
    }

    /// <summary>Ends all texts, waiting and running, and gives every place back.</summary>
    /// <param name="fault">Why; null if they are cancelled.</param>
    public void EndAll(Exception? fault)
    {
        foreach (var text in _running)
        {
            if (fault is null)
            {
                End(text, FinishReason.Cancelled);
            }
            else
            {
                Fail(text, fault);
            }
        }

        _running.Clear();
        _runningCount = 0;
        foreach (var text in waiting.Snapshot())
        {
            if (waiting.Take(text))
            {
                EndWaiting(text, fault);
            }
        }

        _admission.CloseKept();
    }

    private static void EndWaiting(TextGeneration text, Exception? fault)
    {
        if (fault is null)
        {
            text.End(FinishReason.Cancelled);
        }
        else
        {
            text.Fail(fault);
        }
    }

    private void Begin(TextGeneration text)
    {
        _running.Add(text);
        // Before the texts of the last two passes, but not for ever before those that are older.
        text.LastPass = _pass - 2;
        try
        {
            text.Continue(new Continuation(
                tokenizer, model.EosIds, text.Prompt, text.Request.Options, text.Seed, text.Request.StartsText, _host));
        }
        catch (Exception exception)
        {
            Fail(text, exception);
        }
    }

    private void DropEnded()
    {
        foreach (var text in _running)
        {
            if (text.IsCancelled)
            {
                End(text, FinishReason.Cancelled);
            }
            else if (text.IsOverdue)
            {
                End(text, FinishReason.Deadline);
            }
        }

        RemoveClosed();
        foreach (var text in waiting.TakeOverdue())
        {
            text.End(FinishReason.Deadline);
        }
    }

    // Texts with other adapters have other weights, so they take turns: the one that was served longest ago says whose turn it is.
    private void Pack()
    {
        _batch.Clear();
        _choosing.Clear();
        _chunks.Clear();
        _taken.Clear();
        _pass++;
        ulong adapters = LongestUnserved().Adapters;
        model.AdaptersOn = adapters;
        _prompts.Clear();
        foreach (var text in _running)
        {
            if (text.Adapters != adapters)
            {
                continue;
            }

            if (text.IsReading)
            {
                _prompts.Add(text);
                continue;
            }

            Serve(text);
            _batch.Decode(text.Sequence!, text.Next, text.NextChoice());
            _choosing.Add(text);
        }

        _decoded = _batch.TokenCount;
        PackPrompts();
    }

    private TextGeneration LongestUnserved()
    {
        var longest = _running[0];
        foreach (var text in _running)
        {
            longest = text.LastPass < longest.LastPass ? text : longest;
        }

        return longest;
    }

    // Prompts take turns too: a short one behind a long one has the next pass.
    private void PackPrompts()
    {
        _prompts.Sort(static (a, b) => (a.LastPass, a.Arrival).CompareTo((b.LastPass, b.Arrival)));
        int first = 0;
        foreach (var text in _prompts)
        {
            int position = text.Sequence!.Position;
            int count = model.ChunkLength(position, text.Prompt.Length - position);
            // A chunk is never cut to fit, because that would change what is computed.
            if (_batch.TokenCount + count > model.MaxTokens)
            {
                continue;
            }

            Serve(text);
            bool isLast = position + count == text.Prompt.Length && !text.Request.EndsAfterPrompt;
            _batch.Prefill(
                text.Sequence, text.Prompt.AsMemory(position, count), isLast, isLast ? text.NextChoice() : default);
            if (isLast)
            {
                _choosing.Add(text);
            }

            _chunks.Add((text, first, position, count));
            first += count;
        }
    }

    private void Serve(TextGeneration text)
    {
        text.LastPass = _pass;
        _taken.Add(text);
    }

    private void Choose()
    {
        for (int row = 0; row < _choosing.Count; row++)
        {
            var text = _choosing[row];
            int chosen = 0;
            try
            {
                if (text.NeedsLogits)
                {
                    model.ReadLogits(row, _logits);
                }
                else
                {
                    chosen = model.Choose(row);
                }
            }
            catch (Exception exception) when (!ComputeDevice.IsFault(exception))
            {
                // Logits that are no numbers are this text's alone.
                Fail(text, exception);
                continue;
            }

            Take(text, chosen);
        }
    }

    // Whatever a processor throws is this text's alone too, a fault of another device included.
    private void Take(TextGeneration text, int chosen)
    {
        try
        {
            if (text.NeedsLogits)
            {
                text.Choose(_logits);
            }
            else
            {
                text.Take(chosen);
            }
        }
        catch (Exception exception)
        {
            Fail(text, exception);
        }
    }

    private void ReadPrompts()
    {
        foreach (var (text, first, position, count) in _chunks)
        {
            if (text.IsClosed)
            {
                continue;
            }

            try
            {
                text.Reader?.Read(model, _decoded + first, position, count, _logits);
                text.Request.OnRead?.Invoke(position + count, text.Prompt.Length);
            }
            catch (Exception exception) when (!ComputeDevice.IsFault(exception))
            {
                Fail(text, exception);
            }
        }
    }

    // Once all is read that the pass made of their prompts.
    private void EndFinished()
    {
        foreach (var text in _taken)
        {
            if (text.IsClosed || !text.HasEnded)
            {
                continue;
            }

            try
            {
                model.CheckCache(text.Sequence!);
                End(text, FinishReason.Length);
            }
            catch (Exception exception) when (!ComputeDevice.IsFault(exception))
            {
                Fail(text, exception);
            }
        }
    }

    private void RemoveClosed()
    {
        _running.RemoveAll(static text => text.IsClosed);
        _runningCount = _running.Count;
    }

    // The place is free before the text is known to have ended, so that who waits for the end finds it free.
    private void End(TextGeneration text, FinishReason reason)
    {
        _admission.Leave(text, isIntact: true);
        text.End(reason);
    }

    private void Fail(TextGeneration text, Exception exception)
    {
        _admission.Leave(text, isIntact: false);
        text.Fail(exception);
    }
}
