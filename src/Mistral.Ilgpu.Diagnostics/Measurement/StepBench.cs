using System.Diagnostics;
using Mistral.Ilgpu.Execution.Passes;
using Mistral.Ilgpu.Model;
using Mistral.Ilgpu.Model.Cache;
using Mistral.Ilgpu.Planning;

namespace Mistral.Ilgpu.Diagnostics.Measurement;

/// <summary>Times single steps of a model, repeated in the same pass.</summary>
internal sealed class StepBench : IDisposable
{
    private readonly MistralModel _model;
    private readonly OpenTexts _open;
    private readonly Pass _pass;

    /// <param name="depth">Tokens of the text before.</param>
    /// <param name="tokens">Tokens of a prompt, or 1 for a decoded token.</param>
    public StepBench(MistralModel model, int depth, int tokens)
    {
        _model = model;
        _open = new OpenTexts(model, 1, depth + tokens);
        var sequence = _open.Sequences[0];
        if (depth > 0)
        {
            model.Cache.Sequences.Skip(sequence, depth);
        }

        var batch = new Batch();
        if (tokens == 1)
        {
            batch.Decode(sequence, 0);
        }
        else
        {
            batch.Prefill(sequence, new int[tokens], wantsLogits: true);
        }

        // Runs all steps once in order, so that each has the output of another step as input.
        _pass = model.Begin(batch);
        foreach (var step in model.Graph.StepsOf(_pass))
        {
            step.Launch(_pass);
        }

        model.Device.Synchronize();
    }

    /// <summary>The time of one launch of the first step of a kind.</summary>
    public TimeSpan Time(string kind)
    {
        var step = Find(kind);
        long begin = Stopwatch.GetTimestamp();
        step.Launch(_pass);
        _model.Device.Synchronize();
        return Stopwatch.GetElapsedTime(begin);
    }

    /// <summary>The bytes and operations of that step.</summary>
    public StepCost Cost(string kind) => Find(kind).Cost(_pass);

    public void Dispose() => _open.Dispose();

    private Step Find(string kind)
    {
        foreach (var step in _model.Graph.StepsOf(_pass))
        {
            if (step.Kind == kind)
            {
                return step;
            }
        }

        throw new ArgumentException($"the pass has no step {kind}", nameof(kind));
    }
}
