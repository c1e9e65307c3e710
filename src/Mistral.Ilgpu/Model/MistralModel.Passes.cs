using Mistral.Ilgpu.Execution.Passes;
using Mistral.Ilgpu.Model.Cache;
using Mistral.Ilgpu.Observability;
using Mistral.Ilgpu.Planning;

namespace Mistral.Ilgpu.Model;

/// <summary>How a pass is launched.</summary>
internal sealed partial class MistralModel
{
    /// <summary>Takes the batch's tokens in one pass.</summary>
    /// <exception cref="ArgumentException">The batch is larger than a pass can be, or has an id that the vocabulary
    /// lacks.</exception>
    /// <exception cref="OperationCanceledException">Cancelled, before the pass or, if it has prompts, between its steps: the
    /// texts are where they were, but for those that have lost some of their past, see
    /// <see cref="Sequence.IsBroken"/>.</exception>
    public void Forward(Batch batch, CancellationToken cancellation = default)
    {
        using var entered = Enter();
        cancellation.ThrowIfCancellationRequested();
        var pass = Begin(batch);
        try
        {
            // Other passes are short, and a text that goes on after one that was cut short may have to be read again.
            var outcome = Runner.Run(pass, pass.PrefillCount > 0 ? cancellation : CancellationToken.None);
            _hasChosen = outcome == PassOutcome.LaunchedWithChoice;
        }
        catch
        {
            Abandon(batch);
            throw;
        }

        End(batch);
        Telemetry.OnPass(pass.PrefillCount, pass.DecodeCount);
    }

    /// <summary>Has passes launched by a decorator of what launches them, until what is returned is disposed.</summary>
    /// <param name="decorate">Makes it of the runner and of what launches steps one by one.</param>
    internal IDisposable Decorate(Func<IPassRunner, DirectPasses, IPassRunner> decorate)
    {
        var decorated = new Decoration(this, Runner);
        Runner = decorate(Runner, Direct);
        return decorated;
    }

    /// <summary>Brings a pass to the device, for those who walk its steps themselves.</summary>
    internal Pass Begin(Batch batch)
    {
        Admit(batch);
        foreach (var part in batch.Parts)
        {
            _cache.Sequences.Prepare(part.Sequence, part.Ids.Length);
        }

        (_hasChosen, _hasReadChosen) = (false, false);
        return LastPass = _workspace.Upload(batch);
    }

    /// <summary>Takes note that all steps of a pass are launched.</summary>
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

    private sealed class Decoration(MistralModel model, IPassRunner inner) : IDisposable
    {
        public void Dispose() => model.Runner = inner;
    }
}
