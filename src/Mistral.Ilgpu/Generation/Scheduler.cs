using Mistral.Ilgpu.Execution.Devices;
using Mistral.Ilgpu.Model;
using Mistral.Ilgpu.Tokenization;

namespace Mistral.Ilgpu.Generation;

/// <summary>
/// Continuous batching: each pass takes the next token of every text that is generated and, as far as there is room, the next
/// chunks of prompts in turn. The tokens of a text do not depend on the others. One thread calls it.
/// </summary>
internal sealed partial class Scheduler(IBatchModel model, TextTokenizer tokenizer, TextQueue waiting)
{
    private readonly List<TextGeneration> _running = [];
    private readonly Admission _admission = new(model, waiting);
    private readonly Batch _batch = new();
    private readonly HostChoice _host = new(model.VocabularySize);
    private readonly float[] _logits = new float[model.VocabularySize];

    // Texts of the present pass that get a token, in the order of their rows of logits.
    private readonly List<TextGeneration> _choosing = [];

    // Chunks of the present pass, in its order: the text, and its first token among those of prompts.
    private readonly List<(TextGeneration Text, int First, int Position, int Count)> _chunks = [];

    // Texts whose prompts may be in the present pass.
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
        var admitted = _admission.Admit();
        foreach (var text in admitted)
        {
            Begin(text);
        }

        RemoveClosed();
        if (_running.Count == 0)
        {
            // A text that failed as it began has freed its place.
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

    private void Begin(TextGeneration text)
    {
        _running.Add(text);
        // A new text comes before those of the last two passes, and after texts that have waited longer.
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
                // Logits that are not numbers fail this text alone.
                Fail(text, exception);
                continue;
            }

            Take(text, chosen);
        }
    }

    // What a logit processor throws fails this text alone, a fault of another device included.
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
}
