using System.Diagnostics;
using Mistral.Ilgpu.Model;
using Mistral.Ilgpu.Model.Cache;
using Mistral.Ilgpu.Planning;

namespace Mistral.Ilgpu.Diagnostics.Measurement;

/// <summary>
/// Times a whole model as llama-bench does: a prompt of N tokens, or the generation of N tokens, each after a text of some depth.
/// </summary>
internal sealed class ModelBench(MistralModel model)
{
    private readonly Batch _batch = new();

    /// <summary>Runs a prompt of <paramref name="tokens"/> tokens.</summary>
    /// <param name="depth">Tokens of the text before.</param>
    public BenchSample Prefill(int tokens, int depth)
    {
        int[] ids = new int[tokens];
        using var open = new OpenTexts(model, 1, depth + tokens);
        var sequence = open.Sequences[0];
        Skip(sequence, depth);
        return Measure(tokens, texts: 1, done =>
        {
            int count = model.ChunkLength(sequence.Position, tokens - done);
            _batch.Prefill(sequence, ids.AsMemory(done, count), wantsLogits: done + count == tokens);
            return count;
        });
    }

    /// <summary>
    /// Generates <paramref name="tokens"/> tokens of each text. Each is chosen greedily on the device and read before the next
    /// pass.
    /// </summary>
    /// <param name="depth">Tokens of the text before.</param>
    /// <param name="texts">Texts that are generated together, one token of each in a pass.</param>
    public BenchSample Decode(int tokens, int depth, int texts = 1)
    {
        using var open = new OpenTexts(model, texts, depth + tokens);
        foreach (var sequence in open.Sequences)
        {
            Skip(sequence, depth);
        }

        return Measure(tokens, texts, done =>
        {
            ReadOnlySpan<int> chosen = done == 0 ? default : model.ArgMax();
            for (int i = 0; i < texts; i++)
            {
                _batch.Decode(open.Sequences[i], done == 0 ? 0 : chosen[i]);
            }

            return 1;
        });
    }

    private void Skip(Sequence sequence, int depth)
    {
        if (depth > 0)
        {
            model.Cache.Sequences.Skip(sequence, depth);
        }
    }

    private BenchSample Measure(int tokens, int texts, Func<int, int> fill)
    {
        model.Devices.Synchronize();
        var cost = default(StepCost);
        long begin = Stopwatch.GetTimestamp();
        for (int done = 0; done < tokens;)
        {
            _batch.Clear();
            done += fill(done);
            model.Forward(_batch);
            cost += model.Cost(model.LastPass);
        }

        model.Devices.Synchronize();
        return new BenchSample(tokens * texts, Stopwatch.GetElapsedTime(begin), cost);
    }
}
