using System.Diagnostics;
using Mistral.Ilgpu.Execution;
using Mistral.Ilgpu.Model;

namespace Mistral.Ilgpu.Measurement;

/// <summary>What was measured in one repetition.</summary>
/// <param name="Cost">What the passes moved and computed, by their steps' own figures.</param>
public readonly record struct BenchSample(int Tokens, TimeSpan Time, StepCost Cost)
{
    public double TokensPerSecond => Tokens / Time.TotalSeconds;

    public double BytesPerSecond => Cost.Bytes / Time.TotalSeconds;
}

/// <summary>Times of a whole model, as llama-bench takes them: a prompt of N tokens, and N tokens one by one, each behind a text of
/// some depth.</summary>
public sealed class ModelBench(MistralModel model)
{
    private readonly Batch _batch = new();

    /// <summary>Reads a prompt of so many tokens.</summary>
    /// <param name="depth">Tokens before it.</param>
    public BenchSample Prefill(int tokens, int depth)
    {
        int[] ids = new int[tokens];
        return Measure(tokens, depth, (sequence, done) =>
        {
            int count = model.ChunkLength(sequence.Position, tokens - done);
            _batch.Prefill(sequence, ids.AsMemory(done, count), wantsLogits: done + count == tokens);
            return count;
        });
    }

    /// <summary>Generates so many tokens greedily, each chosen on the device and read back before the next.</summary>
    /// <param name="depth">Tokens before them.</param>
    public BenchSample Decode(int tokens, int depth)
    {
        int next = 0;
        return Measure(tokens, depth, (sequence, done) =>
        {
            _batch.Decode(sequence, done == 0 ? next : model.ArgMax()[0]);
            return 1;
        });
    }

    private BenchSample Measure(int tokens, int depth, Func<Model.Cache.Sequence, int, int> fill)
    {
        using var sequence = model.TryOpen(depth + tokens) ?? throw new InvalidOperationException("the cache has no room for the text");
        if (depth > 0)
        {
            model.Cache.Skip(sequence, depth);
        }

        model.Device.Synchronize();
        var cost = default(StepCost);
        long begin = Stopwatch.GetTimestamp();
        for (int done = 0; done < tokens;)
        {
            _batch.Clear();
            done += fill(sequence, done);
            model.Forward(_batch);
            cost += model.Graph.Cost(model.LastPass);
        }

        model.Device.Synchronize();
        return new BenchSample(tokens, Stopwatch.GetElapsedTime(begin), cost);
    }
}
