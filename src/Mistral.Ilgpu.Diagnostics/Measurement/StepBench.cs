using System.Diagnostics;
using Mistral.Ilgpu.Execution.Passes;
using Mistral.Ilgpu.Model;
using Mistral.Ilgpu.Model.Cache;
using Mistral.Ilgpu.Planning;

namespace Mistral.Ilgpu.Diagnostics.Measurement;

/// <summary>Times single steps of a model, repeated in the same pass.</summary>
internal sealed class StepBench : IDisposable
{
    private readonly OpenTexts _open;

    // For each part of the model its pass, and the steps of that.
    private readonly List<(ModelPart Part, Pass Pass, Step[] Steps)> _parts = [];

    /// <param name="depth">Tokens of the text before.</param>
    /// <param name="tokens">Tokens of a prompt, or 1 for a decoded token.</param>
    public StepBench(MistralModel model, int depth, int tokens)
    {
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
        model.Begin(batch);
        foreach (var part in model.Parts)
        {
            var pass = model.BeginOn(part, batch).Copy();
            Step[] steps = [.. part.Graph.StepsOf(pass)];
            Array.ForEach(steps, step => step.Launch(pass));
            _parts.Add((part, pass, steps));
        }

        model.Devices.Synchronize();
    }

    /// <summary>The time of one launch of the first step of a kind.</summary>
    public TimeSpan Time(string kind)
    {
        var (part, pass, step) = Find(kind);
        long begin = Stopwatch.GetTimestamp();
        step.Launch(pass);
        part.Device.Synchronize();
        return Stopwatch.GetElapsedTime(begin);
    }

    /// <summary>The bytes and operations of that step.</summary>
    public StepCost Cost(string kind)
    {
        var (_, pass, step) = Find(kind);
        return step.Cost(pass);
    }

    public void Dispose() => _open.Dispose();

    private (ModelPart Part, Pass Pass, Step Step) Find(string kind)
    {
        foreach (var (part, pass, steps) in _parts)
        {
            if (Array.Find(steps, step => step.Kind == kind) is { } step)
            {
                return (part, pass, step);
            }
        }

        throw new ArgumentException($"the pass has no step {kind}", nameof(kind));
    }
}
