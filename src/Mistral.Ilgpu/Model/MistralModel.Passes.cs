using Mistral.Ilgpu.Execution.Passes;
using Mistral.Ilgpu.Execution;
using Mistral.Ilgpu.Model.Cache;
using Mistral.Ilgpu.Observability;
using Mistral.Ilgpu.Planning;

namespace Mistral.Ilgpu.Model;

/// <summary>How a pass is launched.</summary>
public sealed partial class MistralModel
{
    private readonly long? _operationsAhead;
    private CancellationToken _cancellation;

    /// <summary>Takes the batch's tokens in one pass.</summary>
    /// <exception cref="ArgumentException">The batch is larger than a pass can be, or has an id that the vocabulary
    /// lacks.</exception>
    /// <exception cref="OperationCanceledException">Cancelled, before the pass or, if it has prompts, between its steps: the
    /// texts are where they were, but for those that have lost some of their past, see
    /// <see cref="Sequence.IsBroken"/>.</exception>
    public void Forward(Batch batch, CancellationToken cancellation = default)
    {
        cancellation.ThrowIfCancellationRequested();
        var pass = Begin(batch);
        // Other passes are short, and a text that goes on after one that was cut short may have to be read again.
        _cancellation = pass.PrefillCount > 0 ? cancellation : CancellationToken.None;
        try
        {
            Launch(pass);
        }
        catch
        {
            Abandon(batch);
            throw;
        }

        End(batch);
        Telemetry.OnPass(pass.PrefillCount, pass.DecodeCount);
    }

    private void Launch(Pass pass)
    {
        if (Walk is null && Chains is not null && StepChains.Takes(pass))
        {
            Chains.Launch(pass);
        }
        else if (Walk is null && _captured is not null && PassKey.Of(pass, AdaptersOn, _splitTiles) is { } key)
        {
            _captured.Run(key, _launchPass);
            _hasChosen = true;
        }
        else if (Walk is null)
        {
            Device.Together(_launchGraph, _cancellation);
        }
        else
        {
            LaunchGraph();
        }
    }

    /// <summary>Brings a pass to the device, for those who walk its steps themselves.</summary>
    internal Pass Begin(Batch batch)
    {
        Admit(batch);
        foreach (var part in batch.Parts)
        {
            _cache.Prepare(part.Sequence, part.Ids.Length);
        }

        (_hasChosen, _hasReadChosen) = (false, false);
        return LastPass = _workspace.Upload(batch);
    }

    /// <summary>Takes note that all steps of a pass are launched.</summary>
    internal void End(Batch batch)
    {
        foreach (var part in batch.Parts)
        {
            _cache.Advance(part.Sequence, part.Ids.Span, part.IsPrompt);
        }
    }

    // Some of the steps may have run.
    private void Abandon(Batch batch)
    {
        foreach (var part in batch.Parts)
        {
            _cache.Abandon(part.Sequence, part.Ids.Length);
        }
    }

    // All of a pass that decodes, with the choice of tokens, which costs next to nothing where it is not asked for.
    private void LaunchPass()
    {
        LaunchGraph();
        _choose.Launch(LastPass);
    }

    /// <summary>Walks one step.</summary>
    internal void Take(Step step, Pass pass)
    {
        if (Walk is null)
        {
            step.Launch(pass);
        }
        else
        {
            Walk(step, pass);
        }
    }

    private void LaunchGraph()
    {
        long operations = 0;
        foreach (var step in Graph.StepsOf(LastPass))
        {
            Take(step, LastPass);
            if (_cancellation.CanBeCanceled)
            {
                operations = Await(step, operations);
            }
        }
    }

    // What is launched cannot be called back, so where that is long the host does not run far ahead.
    private long Await(Step step, long operations)
    {
        if (_operationsAhead is long most && (operations += step.Cost(LastPass).Operations) >= most)
        {
            Device.Synchronize();
            operations = 0;
        }

        _cancellation.ThrowIfCancellationRequested();
        return operations;
    }

    private void Admit(Batch batch)
    {
        int logitRows = Options.LogitRowsFor(Chunk);
        if (batch.TokenCount > MaxTokens || batch.LogitCount > logitRows)
        {
            throw new ArgumentException(
                $"a batch of {batch.TokenCount} tokens and {batch.LogitCount} rows of logits, expected at most {MaxTokens} and {logitRows}", nameof(batch));
        }

        foreach (var part in batch.Parts)
        {
            foreach (int id in part.Ids.Span)
            {
                if ((uint)id >= (uint)Config.VocabularySize)
                {
                    throw new ArgumentOutOfRangeException(nameof(batch), $"token id {id} is outside the vocabulary of {Config.VocabularySize}");
                }
            }
        }
    }
}
