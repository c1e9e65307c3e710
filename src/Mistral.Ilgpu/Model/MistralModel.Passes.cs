using Mistral.Ilgpu.Execution.Passes;
using Mistral.Ilgpu.Model.Cache;
using Mistral.Ilgpu.Observability;
using Mistral.Ilgpu.Planning;

namespace Mistral.Ilgpu.Model;

/// <summary>Runs passes.</summary>
internal sealed partial class MistralModel
{
    /// <summary>Runs a pass over the tokens of a batch.</summary>
    /// <exception cref="ArgumentException">The batch is larger than a pass can be, or has an id outside the
    /// vocabulary.</exception>
    /// <exception cref="OperationCanceledException">Cancelled before the pass, or between its steps if it has prompts. The
    /// texts keep their positions, but some can be broken (see <see cref="Sequence.IsBroken"/>).</exception>
    public void Forward(Batch batch, CancellationToken cancellation = default)
    {
        using var entered = Enter();
        cancellation.ThrowIfCancellationRequested();
        Begin(batch);
        try
        {
            foreach (var part in _parts)
            {
                BeginOn(part, batch);
                // Passes without prompts are short, and cancelling one can break a text, which must then be computed again.
                var outcome = part.Runner.Run(LastPass, LastPass.PrefillCount > 0 ? cancellation : CancellationToken.None);
                _hasChosen = outcome == PassOutcome.LaunchedWithChoice;
                _ = part.HasArrived();
            }
        }
        catch
        {
            Abandon(batch);
            throw;
        }

        End(batch);
        Telemetry.OnPass(LastPass.PrefillCount, LastPass.DecodeCount);
    }

    /// <summary>Runs passes through decorators of the parts' runners until the returned object is disposed.</summary>
    /// <param name="decorate">Creates the decorator of a part's runner.</param>
    internal IDisposable Decorate(Func<ModelPart, IPassRunner> decorate)
    {
        ArriveAll();
        var decorated = new Decoration(Array.ConvertAll(_parts, part => (part, part.Runner)));
        Array.ForEach(_parts, part => part.Runner = decorate(part));
        return decorated;
    }

    /// <summary>Prepares the cache for a pass, for callers that launch its steps themselves.</summary>
    internal void Begin(Batch batch)
    {
        Admit(batch);
        foreach (var part in batch.Parts)
        {
            _cache.Sequences.Prepare(part.Sequence, part.Ids.Length);
        }

        (_hasChosen, _hasReadChosen) = (false, false);
    }

    /// <summary>Begins a pass on a part, after the parts before it have launched theirs.</summary>
    internal Pass BeginOn(ModelPart part, Batch batch) => LastPass = part.Begin(batch, AdaptersOn);

    /// <summary>Records that all steps of a pass are launched.</summary>
    internal void End(Batch batch)
    {
        foreach (var part in batch.Parts)
        {
            _cache.Sequences.Advance(part.Sequence, part.Ids.Span, part.IsPrompt);
        }
    }

    // Some of the steps may have run.
    private void Abandon(Batch batch)
    {
        foreach (var part in batch.Parts)
        {
            _cache.Sequences.Abandon(part.Sequence, part.Ids.Length);
        }
    }

    private void Admit(Batch batch)
    {
        int logitRows = Options.LogitRowsFor(Chunk);
        if (batch.TokenCount > MaxTokens || batch.LogitCount > logitRows)
        {
            throw new ArgumentException(
                $"a batch of {batch.TokenCount} tokens and {batch.LogitCount} rows of logits, "
                + $"expected at most {MaxTokens} and {logitRows}",
                nameof(batch));
        }

        foreach (var part in batch.Parts)
        {
            foreach (int id in part.Ids.Span)
            {
                if ((uint)id >= (uint)Config.VocabularySize)
                {
                    throw new ArgumentOutOfRangeException(
                        nameof(batch), $"token id {id} is outside the vocabulary of {Config.VocabularySize}");
                }
            }
        }
    }

    private sealed class Decoration((ModelPart Part, IPassRunner Inner)[] decorated) : IDisposable
    {
        public void Dispose() => Array.ForEach(decorated, one => one.Part.Runner = one.Inner);
    }
}
